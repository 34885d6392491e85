async fn show_user(request: &Request) -> Result<Response, Error> {
    let mut guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
                ::core::concat!(::core::module_path!(), "::", "show_user"),
            )
            .servers(&["127.0.0.1:30002"]);
        SITE.detached()
    };
    let returned = ::pynba::__rt::DetachedRequest::around(
            &mut guard,
            async move {
                if let ::core::option::Option::Some(pynba_values) = ::core::option::Option::None::<
                    (Result<Response, Error>,),
                > {
                    return pynba_values.0;
                }
                {
                    let user = load_user(request.id).await?;
                    Ok(render(&user))
                }
            },
        )
        .await;
    if guard.is_recording() {
        let guard = ::pynba::__rt::DetachedRequest::enter(&mut guard);
        guard.returned(::pynba::__rt::status_of!(returned));
    }
    returned
}
