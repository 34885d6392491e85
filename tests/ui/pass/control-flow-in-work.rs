//! `return`, `?` and `break` in timed work leave what is around it.

use pynba::timer;

fn work(steps: &[Option<u32>]) -> Option<u32> {
    let sum = 'all: loop {
        let mut sum = 0;
        for step in steps {
            sum += timer!(a = "b" => (*step)?);
            timer!(a = sum => if sum > 5 { break 'all sum } else if sum == 5 { return None });
        }
        timer!(a = "b" => break sum);
    };
    timer!(a = "b" => return Some(sum))
}

fn main() {
    assert_eq!(work(&[Some(1), Some(2)]), Some(3));
    assert_eq!(work(&[Some(1), None]), None);
    assert_eq!(work(&[Some(5)]), None);
    assert_eq!(work(&[Some(9), None]), Some(9));
}
