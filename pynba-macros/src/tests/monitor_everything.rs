fn show_user(request: &Request) -> Answer {
    let guard = if ::pynba::__rt::ENABLED {
        let enabled: ::core::primitive::bool = request.sampled;
        if enabled {
            static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
                    ::core::concat!(::core::module_path!(), "::", "show_user"),
                )
                .servers(&["127.0.0.1:30002"])
                .rusage(::pynba::__rt::Rusage::Thread);
            SITE.enter()
        } else {
            ::pynba::__rt::silent()
        }
    } else {
        ::pynba::__rt::silent()
    };
    if guard.is_recording() {
        guard.set_prefix("shop/");
        guard.current().set_script_name(request.path.clone());
        guard.current().set_hostname("a");
        guard.current().set_server_name("b");
        guard.current().set_schema("https");
        {
            match (&(request.plan),) {
                pynba_values => {
                    static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(
                            &[("kind", "user")],
                        )
                        .names(&["plan"]);
                    guard
                        .set_tags_with(
                            &TAGS,
                            |tags| {
                                tags.add(0, pynba_values.0);
                            },
                        )
                }
            }
        }
    }
    let returned = ::pynba::__rt::call(move || -> Answer { answer(request) });
    if guard.is_recording() {
        guard
            .current()
            .set_status(
                ::pynba::__rt::look::<
                    _,
                    ::core::primitive::u32,
                >(&returned, |answer| answer.status),
            );
        guard
            .current()
            .set_document_size(
                ::pynba::__rt::look::<
                    _,
                    ::core::primitive::u64,
                >(&returned, |answer| answer.body.len() as u64),
            );
    }
    returned
}
