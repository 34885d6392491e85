#![doc = include_str!("../README.md")]

mod fields;
mod layer;
mod request;
mod slots;
mod spans;
mod text;
mod timer;

pub use self::layer::{PinbaLayer, SpanTime};
