//! See what Pinba clients send, without a Pinba server: receive packets, keep a window of them, report.

pub mod packet;
