fn expansion() {
    {
        if ::pynba::__rt::ENABLED {
            match (&(table), &(rows), &(plan.kind()), &(user)) {
                pynba_values => {
                    static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(
                        &[("group", "db"), ("op", "select")],
                    );
                    ::pynba::__rt::timer_with(
                        &TAGS,
                        |tags| {
                            tags.add("op", pynba_values.0);
                            tags.display("rows", pynba_values.1);
                            tags.debug("plan", pynba_values.2);
                            tags.add("user", pynba_values.3);
                        },
                    )
                }
            }
        } else {
            ::pynba::__rt::no_timer()
        }
    }
}
