fn serve() -> ! {
    let guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
            ::core::concat!(::core::module_path!(), "::", "serve"),
        );
        SITE.enter()
    };
    if guard.is_recording() {
        guard.set_prefix("a");
    }
    {
        loop {
            turn()
        }
    }
}
