fn expansion() {
    {
        static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(
            &[
                ("baz", "seq1"),
                ("baz", "seq2"),
                ("foo", "bar"),
                ("qux.map1", "val1"),
                ("qux.n", "-1"),
            ],
        );
        ::pynba::__rt::timer(&TAGS)
    }
}
