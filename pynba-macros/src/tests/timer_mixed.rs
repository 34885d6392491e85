fn expansion() {
    {
        if ::pynba::__rt::ENABLED {
            match (&(table), &(rows), &(plan.kind()), &(user)) {
                pynba_values => {
                    static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(
                            &[("group", "db"), ("op", "select")],
                        )
                        .names(&["op", "rows", "plan", "user"]);
                    ::pynba::__rt::timer_with(
                        &TAGS,
                        |tags| {
                            tags.add(0, pynba_values.0);
                            tags.display(1, pynba_values.1);
                            tags.debug(2, pynba_values.2);
                            tags.add(3, pynba_values.3);
                        },
                    )
                }
            }
        } else {
            ::pynba::__rt::no_timer()
        }
    }
}
