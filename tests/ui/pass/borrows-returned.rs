//! A borrow of an argument may be returned.

use pynba::monitor;

struct Store {
    items: Vec<String>,
}

impl Store {
    #[monitor]
    fn first(&mut self, default: &'static mut String) -> &mut String {
        self.items.first_mut().unwrap_or(default)
    }

    #[monitor]
    fn both<'a>(&'a self, other: &'a str) -> (&'a str, Box<dyn Fn() -> &'a str + 'a>) {
        (other, Box::new(move || other))
    }
}

fn main() {
    let mut store = Store { items: vec![String::new()] };
    store.first(Box::leak(Box::default())).push('a');
    assert_eq!(store.both("b").1(), "b");
}
