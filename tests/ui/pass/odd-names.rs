//! Names and values of every spelling.

use pynba::timer;

fn main() {
    let r#type = 1;
    let value = "v";
    let _timer = timer!(
        kind = r#type, r#fn = 1, a.r#type.b = 2, "a..b" = 3, "type" = [r#type, 2], m = { r#type, value, r#in.x = 1 },
    );
}
