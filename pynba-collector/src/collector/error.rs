//! Why there is no collector.

use std::error::Error;
use std::fmt;

use crate::receive::BindError;

/// Why a [`Collector`](crate::Collector) could not be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// There is no socket to be had at an address.
    Bind(BindError),
    /// A server to forward to is written wrong.
    Forward(pynba_runtime::Error),
    /// It would forward to itself, and each packet would come again and again.
    Loop(String),
    /// The system has no thread left.
    Thread(std::io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(error) => error.fmt(f),
            Self::Forward(error) => write!(f, "cannot forward: {error}"),
            Self::Loop(server) => write!(f, "cannot forward to {server}: it is received here"),
            Self::Thread(error) => write!(f, "no thread to receive with: {error}"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Bind(error) => error.source(),
            Self::Forward(error) => error.source(),
            Self::Loop(_) => None,
            Self::Thread(error) => Some(error),
        }
    }
}
