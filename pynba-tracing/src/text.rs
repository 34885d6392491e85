//! Values as text, in memory that is used again.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is longer is cut, as the runtime cuts it: an eighth of a datagram.
const MAX: usize = 8 * 1024;

thread_local! {
    /// Taken away while it is used: formatting may come back here.
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

/// Formats the value, and acts on its text. `Debug` is the program's own code: no lock is held, and a panic ends
/// here, with what had been written until then.
pub(crate) fn with_text<R>(value: &dyn fmt::Debug, act: impl FnOnce(&str) -> R) -> R {
    let mut text = TEXT.try_with(Cell::take).unwrap_or_default();
    text.clear();
    // An error comes from a `Debug` that gave up, or is the cut: what stands, stands.
    let _ = run(|| write!(Cut(&mut text), "{value:?}"));
    let result = act(&text);
    let _ = TEXT.try_with(|place| place.set(text));
    result
}

/// Runs the program's code; `None` when it panicked. The panic hook has told about it.
pub(crate) fn run<R>(foreign: impl FnOnce() -> R) -> Option<R> {
    // Dropping the payload may panic again.
    catch_unwind(AssertUnwindSafe(foreign)).map_err(std::mem::forget).ok()
}

struct Cut<'a>(&'a mut String);

impl Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let part = cut_at(MAX.saturating_sub(self.0.len()), text);
        self.0.push_str(part);
        if part.len() == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// As much of the text as is kept.
pub(crate) fn cut(text: &str) -> &str {
    cut_at(MAX, text)
}

/// No more than `length` bytes of the text, ending at a character.
fn cut_at(length: usize, text: &str) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_at_a_character() {
        let long = "ä".repeat(MAX);
        assert_eq!(with_text(&format_args!("x{long}"), str::len), MAX - 1);
        assert_eq!(with_text(&format_args!("{long}"), str::len), MAX);
    }

    #[test]
    fn values_may_be_formatted_while_one_is_formatted() {
        struct Outer;
        impl fmt::Debug for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("outer ")?;
                with_text(&format_args!("inner"), |inner| f.write_str(inner))
            }
        }
        assert_eq!(with_text(&Outer, str::to_owned), "outer inner");
    }

    #[test]
    fn a_panic_leaves_what_was_written() {
        struct Broken;
        impl fmt::Debug for Broken {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("so far")?;
                panic!("broken")
            }
        }
        assert_eq!(with_text(&Broken, str::to_owned), "so far");
    }
}
