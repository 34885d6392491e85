//! What lies above the view, and has the keyboard.

use crate::top::picker::Picker;
use crate::top::prompt::Prompt;
use crate::top::scroll::Scroll;

#[derive(Debug)]
pub(crate) enum Overlay {
    Text(Text, Scroll),
    Picker(Picker),
    Prompt(Prompt),
}

/// What is only read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text {
    Help,
    Health,
    /// By its id.
    Request(u64),
}
