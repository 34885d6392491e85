fn send(&self, to: String) -> impl Future<Output = usize> {
    let tags = if ::pynba::__rt::ENABLED {
        match (&(to),) {
            pynba_values => {
                static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(
                        &[("group", "mail")],
                    )
                    .names(&["to"]);
                ::pynba::__rt::tags_with(
                    &TAGS,
                    |tags| {
                        tags.add(0, pynba_values.0);
                    },
                )
            }
        }
    } else {
        ::pynba::__rt::Tags::new()
    };
    let future = ::pynba::__rt::call(move || {
        let client = self.client.clone();
        async move { client.send(to).await }
    });
    ::pynba::__rt::timed(move || ::pynba::__rt::timer_of(&tags), future)
}
