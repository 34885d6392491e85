fn show_user(request: &Request) -> Result<Response, Error> {
    let guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
                ::core::concat!(::core::module_path!(), "::", "show_user"),
            )
            .servers(&["127.0.0.1:30002"]);
        SITE.enter()
    };
    let returned = ::pynba::__rt::call(move || -> Result<Response, Error> {
        let user = load_user(request.id)?;
        Ok(render(&user))
    });
    guard.returned(::pynba::__rt::status_of!(returned));
    returned
}
