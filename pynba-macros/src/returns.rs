//! The return type, told again to the closure or `async` block that the body has become.

use crate::emit;
use crate::function::{Function, bare};
use crate::spans::Spans;
use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{
    AngleBracketedGenericArguments, GenericArgument, PathArguments, ReturnType, Token, Type,
    TypeInfer, TypeParamBound,
};

/// The type is repeated for inference, and with its own spans, so that a wrong `return` is
/// reported at the user's expression. `impl Trait` is a type only in a signature: left out, or
/// `_` where it is inside another type.
pub(crate) fn for_closure(output: &ReturnType) -> ReturnType {
    match output {
        ReturnType::Type(arrow, ty) if !is_opaque(ty) => {
            ReturnType::Type(*arrow, Box::new(named(ty)))
        }
        _ => ReturnType::Default,
    }
}

/// The same for an `async` block, which declares no type, but takes that of its first `return`.
/// This one never happens, and nothing is left of it to run.
pub(crate) fn for_async_block(function: &Function, spans: Spans) -> TokenStream {
    let (at, ty) = match function.returned() {
        None => (function.sig.ident.to_token_stream(), quote_spanned!(spans.ours=> ())),
        Some(Type::ImplTrait(_)) => return TokenStream::new(),
        // As empty a type, and one that can be named.
        Some(never @ Type::Never(_)) => {
            (quote!(#never), quote_spanned!(spans.ours=> ::core::convert::Infallible))
        }
        Some(ty) => {
            let ty = named(ty);
            (quote!(#ty), quote!(#ty))
        }
    };
    // Also without arguments of ours there is something of the user's to go by.
    let values = emit::values(Spans { theirs: function.sig.ident.span(), ..spans });
    let value = emit::field(&values, 0, at);
    let option = quote_spanned!(spans.ours=> ::core::option::Option);
    quote_spanned! {spans.ours=>
        if let #option::Some(#values) = #option::None::<(#ty,)> {
            return #value;
        }
    }
}

/// The type as the body may name it.
pub(crate) fn named(ty: &Type) -> Type {
    let mut ty = ty.clone();
    hide(&mut ty);
    ty
}

/// Whether, for all that can be seen, the value that comes out is itself a future.
pub(crate) fn may_be_future(function: &Function) -> bool {
    match function.returned() {
        Some(Type::Path(ty)) => ty.path.segments.last().is_none_or(|last| {
            let name = last.ident.to_string();
            let is_primitive =
                ty.path.get_ident().is_some() && name.starts_with(char::is_lowercase);
            !(is_primitive || ["Option", "Result", "String", "Vec"].contains(&name.as_str()))
        }),
        Some(Type::Reference(reference)) => reference.mutability.is_some(),
        Some(Type::ImplTrait(_) | Type::Macro(_)) => true,
        _ => false,
    }
}

fn is_opaque(ty: &Type) -> bool {
    matches!(bare(ty), Type::ImplTrait(_))
}

fn hide(ty: &mut Type) {
    match ty {
        Type::ImplTrait(opaque) => {
            let underscore_token = Token![_](opaque.impl_token.span);
            *ty = Type::Infer(TypeInfer { attrs: Vec::new(), underscore_token });
        }
        Type::Array(array) => hide(&mut array.elem),
        Type::Group(group) => hide(&mut group.elem),
        Type::Paren(paren) => hide(&mut paren.elem),
        Type::Ptr(pointer) => hide(&mut pointer.elem),
        Type::Reference(reference) => hide(&mut reference.elem),
        Type::Slice(slice) => hide(&mut slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(hide),
        Type::Path(path) => hide_in_path(&mut path.path),
        Type::TraitObject(object) => object.bounds.iter_mut().for_each(hide_in_bound),
        _ => {}
    }
}

fn hide_in_bound(bound: &mut TypeParamBound) {
    if let TypeParamBound::Trait(bound) = bound {
        hide_in_path(&mut bound.path);
    }
}

fn hide_in_path(path: &mut syn::Path) {
    for segment in &mut path.segments {
        if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
            hide_in_arguments(arguments);
        }
    }
}

fn hide_in_arguments(arguments: &mut AngleBracketedGenericArguments) {
    for argument in &mut arguments.args {
        match argument {
            GenericArgument::Type(ty) => hide(ty),
            GenericArgument::AssocType(assoc) => hide(&mut assoc.ty),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::for_closure;
    use quote::ToTokens as _;
    use syn::ReturnType;

    #[test]
    fn hides_impl_trait() {
        for (written, expected) in [
            ("-> &mut T", "-> & mut T"),
            ("-> impl Iterator<Item = u8> + '_", ""),
            ("-> (impl Fn() -> u8)", ""),
            ("-> Result<impl Fn() -> u8, Vec<impl Copy>>", "-> Result < _ , Vec < _ > >"),
            ("-> (&impl Copy, [impl Copy; 3])", "-> (& _ , [_ ; 3])"),
            ("-> Box<dyn Iterator<Item = impl Copy>>", "-> Box < dyn Iterator < Item = _ > >"),
        ] {
            let output: ReturnType = syn::parse_str(written).expect("a return type");
            assert_eq!(for_closure(&output).to_token_stream().to_string(), expected, "{written}");
        }
    }
}
