fn expansion() {
    {
        let _guard = {
            static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(
                &[("a", "b")],
            );
            ::pynba::__rt::timer(&TAGS)
        };
        (match x {
            _ => 1,
        }) + 1
    }
}
