fn expansion() {
    {
        ::core::compile_error! {
            "`:` gives no value; write `foo = …`"
        }
        ::core::compile_error! {
            "this list is empty; write values, as in `a = [\"a\"]`, or leave `a` out"
        }
        ::core::compile_error! {
            "the tag `a` is given twice; write one list, `a = [\"a\", \"b\"]`"
        }
        ::pynba::__rt::no_timer()
    }
}
