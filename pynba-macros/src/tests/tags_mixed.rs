fn expansion() {
    {
        match (&(|| 2),) {
            pynba_values => {
                static TAGS: crate::metrics::__rt::StaticTags = crate::metrics::__rt::StaticTags::new(
                        &[("a", "1")],
                    )
                    .names(&["b"]);
                crate::metrics::__rt::tags_with(
                    &TAGS,
                    |tags| {
                        tags.add(0, pynba_values.0);
                    },
                )
            }
        }
    }
}
