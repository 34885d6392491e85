//! The status that a returned value stands for.

/// A reference to a returned value, for [`status_of!`](crate::status_of).
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(pub &'a T);

/// Looks at `Result`s. Method look-up finds it first, without a reference in between.
pub trait ProbeResult {
    /// 500 for an `Err`, 200 for an `Ok`.
    fn pynba_status(&self) -> u32;
}

/// Looks at everything else; found when one more reference is taken.
pub trait ProbeAny {
    /// 200.
    fn pynba_status(&self) -> u32;
}

impl<T, E> ProbeResult for Probe<'_, Result<T, E>> {
    fn pynba_status(&self) -> u32 {
        if self.0.is_ok() { 200 } else { 500 }
    }
}

impl<T: ?Sized> ProbeAny for &Probe<'_, T> {
    fn pynba_status(&self) -> u32 {
        200
    }
}

/// 500 for an `Err`, 200 for anything else, by the type that the expression has where it stands.
///
/// The method's name is ours alone: a trait of the program with a `status` for every type would be as good.
///
/// Autoref specialisation, <https://github.com/dtolnay/case-studies/tree/master/autoref-specialization>.
#[doc(hidden)]
#[macro_export]
macro_rules! status_of {
    ($returned:expr) => {{
        #[allow(unused_imports, reason = "one of the two answers")]
        use $crate::__rt::{ProbeAny as _, ProbeResult as _};
        (&$crate::__rt::Probe(&$returned)).pynba_status()
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

    #[test]
    fn is_content_with_a_type_parameter() {
        fn of<T>(value: &T) -> u32 {
            status_of!(*value)
        }
        assert_eq!(of(&Err::<u8, u8>(1)), 200, "what T is cannot be known there");
    }
}
