//! Arguments may be patterns, mutable, or the receiver in a box.

use pynba::{monitor, timed};

use std::rc::Rc;

struct Point {
    x: u32,
    y: u32,
}

impl Point {
    #[monitor(tags(x = self.x))]
    fn sum(mut self: Box<Self>, Point { x, mut y }: Point, (a, _): (u32, u32)) -> u32 {
        self.x += 1;
        y += a;
        self.x + self.y + x + y
    }

    #[monitor]
    fn shared(self: Rc<Self>) -> Rc<Self> {
        self
    }

    #[timed(y = self.y)]
    fn timed_one(mut self) -> Self {
        self.y += 1;
        self
    }
}

fn main() {
    let sum = Box::new(Point { x: 1, y: 1 }).sum(Point { x: 1, y: 1 }, (1, 1));
    assert_eq!(sum + Rc::new(Point { x: 1, y: 1 }).shared().x, 7);
    assert_eq!(Point { x: 1, y: 1 }.timed_one().y, 2);
}
