async fn names() -> impl Iterator<Item = String> {
    let mut guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
            ::core::concat!(::core::module_path!(), "::", "names"),
        );
        SITE.detached()
    };
    #[allow(clippy::async_yields_async)]
    let returned = ::pynba::__rt::DetachedRequest::around(
            &mut guard,
            async move { names().await },
        )
        .await;
    if guard.is_recording() {
        let guard = ::pynba::__rt::DetachedRequest::enter(&mut guard);
        guard.returned(::pynba::__rt::status_of!(returned));
    }
    returned
}
