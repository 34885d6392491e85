fn expansion() {
    {
        static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(
            &[("a", "1"), ("b.c", "1.0")],
        );
        ::pynba::__rt::tags(&TAGS)
    }
}
