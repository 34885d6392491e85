fn expansion() {
    {
        static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(&[]);
        ::pynba::__rt::tags(&TAGS)
    }
}
