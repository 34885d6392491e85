//! The status that a returned value stands for.

/// A reference to a returned value, for [`status_of!`](crate::status_of).
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(pub &'a T);

impl<T: ?Sized> Clone for Probe<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Probe<'_, T> {}

/// Looks at HTTP responses. Method look-up on a `&&Probe` finds it first, as it is.
pub trait ProbeResponse {
    /// The response's own; 500 for an `Err`.
    fn pynba_status(&self) -> u32;
}

/// Looks at `Result`s. Found behind one of the references.
pub trait ProbeResult {
    /// 500 for an `Err`, 200 for an `Ok`.
    fn pynba_status(&self) -> u32;
}

/// Looks at everything else; found last, behind both.
pub trait ProbeAny {
    /// 200.
    fn pynba_status(self) -> u32;
}

#[cfg(feature = "http")]
impl<B> ProbeResponse for &Probe<'_, http::Response<B>> {
    fn pynba_status(&self) -> u32 {
        u32::from(self.0.status().as_u16())
    }
}

#[cfg(feature = "http")]
impl<B, E> ProbeResponse for &Probe<'_, Result<http::Response<B>, E>> {
    fn pynba_status(&self) -> u32 {
        self.0.as_ref().map_or(500, |response| u32::from(response.status().as_u16()))
    }
}

impl<T, E> ProbeResult for Probe<'_, Result<T, E>> {
    fn pynba_status(&self) -> u32 {
        if self.0.is_ok() { 200 } else { 500 }
    }
}

impl<T: ?Sized> ProbeAny for Probe<'_, T> {
    fn pynba_status(self) -> u32 {
        200
    }
}

/// That of an HTTP response with the feature `http`, 500 for an `Err`, 200 for anything else, by the type that the
/// expression has where it stands.
///
/// The method's name is ours alone: a trait of the program with a `status` for every type would be as good.
///
/// Autoref specialisation, <https://github.com/dtolnay/case-studies/tree/master/autoref-specialization>.
#[doc(hidden)]
#[macro_export]
macro_rules! status_of {
    ($returned:expr) => {{
        #[allow(unused_imports, reason = "one of them answers")]
        use $crate::__rt::{ProbeAny as _, ProbeResponse as _, ProbeResult as _};
        (&&$crate::__rt::Probe(&$returned)).pynba_status()
    }};
}

#[cfg(test)]
mod tests {
    #[test]
    fn tells_results_from_other_values() {
        assert_eq!(status_of!(Ok::<u8, u8>(1)), 200);
        assert_eq!(status_of!(Err::<u8, _>("no")), 500);
        assert_eq!(status_of!("text"), 200);
        assert_eq!(status_of!(None::<u8>), 200);
        let alias: std::io::Result<()> = Err(std::io::ErrorKind::Other.into());
        assert_eq!(status_of!(alias), 500);
    }

    #[cfg(feature = "http")]
    #[test]
    fn tells_the_status_of_a_response() {
        let response = || {
            let mut response = http::Response::new("body");
            *response.status_mut() = http::StatusCode::NOT_FOUND;
            response
        };
        assert_eq!(status_of!(response()), 404);
        assert_eq!(status_of!(Ok::<_, u8>(response())), 404);
        assert_eq!(status_of!(Err::<http::Response<()>, u8>(1)), 500);
    }

    #[test]
    fn is_content_with_a_type_parameter() {
        fn of<T>(value: &T) -> u32 {
            status_of!(*value)
        }
        assert_eq!(of(&Err::<u8, u8>(1)), 200, "what T is cannot be known there");
    }
}
