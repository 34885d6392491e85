fn send(&self, to: String) -> Pin<Box<dyn Future<Output = usize> + '_>> {
    Box::pin(async move {
        let _guard = {
            if ::pynba::__rt::ENABLED {
                match (&(to),) {
                    pynba_values => {
                        static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(
                                &[("group", "mail")],
                            )
                            .names(&["to"]);
                        ::pynba::__rt::timer_with(
                            &TAGS,
                            |tags| {
                                tags.add(0, pynba_values.0);
                            },
                        )
                    }
                }
            } else {
                ::pynba::__rt::no_timer()
            }
        };
        { self.client.send(to).await }
    })
}
