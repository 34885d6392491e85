//! The future that a function gives, as far as its signature tells.

use crate::function::bare;
use syn::punctuated::Punctuated;
use syn::{GenericArgument, PathArguments, PathSegment, ReturnType, Signature, Token, Type};
use syn::{TypeParamBound, TypePath};

/// A function whose work goes on after it has returned.
#[derive(Clone, Copy)]
pub(crate) enum Future<'a> {
    /// `async fn … -> R`
    Async,
    /// `fn … -> impl Future<Output = R>`
    Opaque(&'a Type),
    /// `fn … -> Pin<Box<dyn Future<Output = R>>>`, as `#[async_trait]` makes them
    Boxed(&'a Type),
}

impl<'a> Future<'a> {
    /// Goes by names, as there is nothing else to go by: what an alias stands for cannot be seen,
    /// other than that of `BoxFuture`, which everybody has from `futures`.
    pub(crate) fn of(sig: &'a Signature) -> Option<Self> {
        if sig.asyncness.is_some() {
            return Some(Self::Async);
        }
        let ReturnType::Type(_, ty) = &sig.output else { return None };
        match bare(ty) {
            Type::ImplTrait(opaque) => output(&opaque.bounds).map(Self::Opaque),
            ty => boxed(last(ty)?).map(Self::Boxed),
        }
    }
}

/// What comes out of `Pin<Box<dyn Future<Output = R>>>` and `BoxFuture<'_, R>`.
fn boxed(ty: &PathSegment) -> Option<&Type> {
    let argument = argument(ty)?;
    if ty.ident == "BoxFuture" || ty.ident == "LocalBoxFuture" {
        return Some(argument);
    }
    let inner = last(argument).filter(|inner| ty.ident == "Pin" && inner.ident == "Box")?;
    match bare(self::argument(inner)?) {
        Type::TraitObject(object) => output(&object.bounds),
        Type::ImplTrait(opaque) => output(&opaque.bounds),
        _ => None,
    }
}

/// `R` of `Future<Output = R>`.
fn output(bounds: &Punctuated<TypeParamBound, Token![+]>) -> Option<&Type> {
    bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let last = bound.path.segments.last().filter(|last| last.ident == "Future")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(assoc) if assoc.ident == "Output" => Some(&assoc.ty),
            _ => None,
        })
    })
}

/// The last name of a path.
fn last(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(TypePath { path, .. }) => path.segments.last(),
        _ => None,
    }
}

/// The one type in the angle brackets.
fn argument(ty: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &ty.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.next().filter(|_| types.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::Future;
    use quote::ToTokens as _;
    use syn::Signature;

    #[test]
    fn finds_what_comes_out() {
        for (signature, expected) in [
            ("async fn f() -> u8", "async"),
            ("fn f() -> impl Future<Output = u8>", "opaque u8"),
            (
                "fn f() -> impl 'static + Send + ::std::future::Future<Output = (u8,)>",
                "opaque (u8 ,)",
            ),
            (
                "fn f() -> (impl core::future::Future<Output = impl Copy> + use<>)",
                "opaque impl Copy",
            ),
            ("fn f() -> Pin<Box<dyn Future<Output = ()>>>", "boxed ()"),
            (
                "fn f() -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = Self> + Send + 'a>>",
                "boxed Self",
            ),
            ("fn f() -> Pin<std::boxed::Box<impl Future<Output = u8>>>", "boxed u8"),
            ("fn f() -> Pin<(Box<(dyn Future<Output = u8> + 'a)>)>", "boxed u8"),
            ("fn f() -> futures::future::BoxFuture<'_, u8>", "boxed u8"),
            ("fn f() -> LocalBoxFuture<'static, Vec<u8>>", "boxed Vec < u8 >"),
            // Only by their names could these be known for futures, and what comes out of them not
            // at all.
            ("fn f() -> BoxFuture<'_, u8, Error>", ""),
            ("fn f() -> BoxFuture<'_>", ""),
            ("fn f() -> BoxFuture", ""),
            ("fn f() -> impl Future", ""),
            ("fn f() -> impl FusedFuture<Output = u8>", ""),
            ("fn f() -> impl Fn() -> u8", ""),
            ("fn f() -> impl Stream<Item = u8>", ""),
            // These would have to stay what they are.
            ("fn f() -> Box<dyn Future<Output = u8> + Unpin>", ""),
            ("fn f() -> Pin<&mut dyn Future<Output = u8>>", ""),
            ("fn f() -> Pin<Box<dyn Stream<Item = u8>>>", ""),
            ("fn f() -> Pin<Arc<dyn Future<Output = u8>>>", ""),
            ("fn f() -> Ready<u8>", ""),
            ("fn f() -> u8", ""),
            ("fn f()", ""),
        ] {
            let parsed: Signature = syn::parse_str(signature).expect("a signature");
            let found = match Future::of(&parsed) {
                None => String::new(),
                Some(Future::Async) => String::from("async"),
                Some(Future::Opaque(ty)) => format!("opaque {}", ty.to_token_stream()),
                Some(Future::Boxed(ty)) => format!("boxed {}", ty.to_token_stream()),
            };
            assert_eq!(found, expected, "{signature}");
        }
    }
}
