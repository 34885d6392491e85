//! The return type as a closure may declare it.

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
            let mut ty = ty.clone();
            hide(&mut ty);
            ReturnType::Type(*arrow, ty)
        }
        _ => ReturnType::Default,
    }
}

fn is_opaque(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => is_opaque(&group.elem),
        Type::Paren(paren) => is_opaque(&paren.elem),
        ty => matches!(ty, Type::ImplTrait(_)),
    }
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
