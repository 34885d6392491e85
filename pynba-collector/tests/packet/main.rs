//! Packets are decoded as protobuf and Pinba's servers say: real ones, made ones, broken ones.

mod fields;
#[path = "../../../pynba-runtime/tests/vectors/mod.rs"]
mod vector_files;

mod made;
mod memory;
mod nesting;
mod random;
mod reference;
mod same;
mod vectors;
