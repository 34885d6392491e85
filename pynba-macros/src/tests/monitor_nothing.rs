fn tick() {
    let _guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
            ::core::concat!(::core::module_path!(), "::", "tick"),
        );
        SITE.enter()
    };
    {
        work();
    }
}
