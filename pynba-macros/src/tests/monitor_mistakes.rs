struct User {
    name: String,
}
::core::compile_error! {
    "this server has no port; write `\"localhost:30002\"`"
}
::core::compile_error! {
    "unknown option `prefx`; did you mean `prefix`?"
}
::core::compile_error! {
    "`#[monitor]` goes on a `fn`, not on a `struct`"
}
