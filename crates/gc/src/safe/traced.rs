//! The macro that lets a safe program declare what lies in the heap.

/// Declares structs and enums that may hold [`Gc`](crate::Gc) pointers of the brand that is their one parameter, and
/// implements [`Trace`](crate::Trace) for them.
///
/// Every field's type must be `Trace`; wrap others in [`Static`](crate::Static). The types cannot implement `Drop`.
/// Variants have up to eight unnamed fields.
///
/// ```
/// use perilune_gc::{Gc, Lock, traced};
///
/// traced! {
///     /// A Lisp value.
///     #[derive(Clone, Copy)]
///     pub enum Value<'gc> {
///         Nil,
///         Int(i64),
///         Pair(Gc<'gc, Pair<'gc>>),
///     }
///
///     pub struct Pair<'gc> {
///         pub car: Value<'gc>,
///         pub cdr: Gc<'gc, Lock<Value<'gc>>>,
///     }
///
///     struct Wrapper<'gc>(pub Value<'gc>, u8);
/// }
/// ```
#[macro_export]
macro_rules! traced {
    () => {};
    (
        $(#[$attr:meta])*
        $vis:vis struct $name:ident<$gc:lifetime> {
            $( $(#[$field_attr:meta])* $field_vis:vis $field:ident: $ty:ty ),* $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$attr])*
        $vis struct $name<$gc> { $( $(#[$field_attr])* $field_vis $field: $ty ),* }
        $crate::__traced_no_drop!($name);
        // SAFETY: every field is visited and the type has no `Drop`.
        unsafe impl<$gc> $crate::Trace for $name<$gc> {
            const NEEDS_TRACE: bool = false $(|| <$ty as $crate::Trace>::NEEDS_TRACE)*;

            fn trace(&self, _marker: &mut $crate::Marker<'_>) {
                let $name { $($field),* } = self;
                $( $crate::Trace::trace($field, _marker); )*
            }
        }
        $crate::traced! { $($rest)* }
    };
    (
        $(#[$attr:meta])*
        $vis:vis struct $name:ident<$gc:lifetime> ( $($fields:tt)* );
        $($rest:tt)*
    ) => {
        $(#[$attr])*
        $vis struct $name<$gc> ( $($fields)* );
        $crate::__traced_no_drop!($name);
        // SAFETY: every field is visited and the type has no `Drop`.
        unsafe impl<$gc> $crate::Trace for $name<$gc> {
            fn trace(&self, marker: &mut $crate::Marker<'_>) {
                let this = self;
                $crate::__traced_tuple!(this marker [$name] ($($fields)*));
            }
        }
        $crate::traced! { $($rest)* }
    };
    (
        $(#[$attr:meta])*
        $vis:vis enum $name:ident<$gc:lifetime> {
            $( $(#[$variant_attr:meta])* $variant:ident $( ( $($tuple:tt)* ) )? $( { $($named:tt)* } )? ),* $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$attr])*
        $vis enum $name<$gc> {
            $( $(#[$variant_attr])* $variant $( ( $($tuple)* ) )? $( { $($named)* } )? ),*
        }
        $crate::__traced_no_drop!($name);
        // SAFETY: every field of every variant is visited and the type has no `Drop`.
        unsafe impl<$gc> $crate::Trace for $name<$gc> {
            #[allow(irrefutable_let_patterns)]
            fn trace(&self, _marker: &mut $crate::Marker<'_>) {
                let this = self;
                // No variant is missing, whatever the attributes above did to the declaration.
                match this { $( $name::$variant { .. } => {} ),* }
                $(
                    $( $crate::__traced_tuple!(this _marker [$name::$variant] ($($tuple)*)); )?
                    $( $crate::__traced_named!(this _marker [$name::$variant] ($($named)*)); )?
                )*
            }
        }
        $crate::traced! { $($rest)* }
    };
}

/// Refuses types that implement `Drop`: the two implementations would overlap.
#[doc(hidden)]
#[macro_export]
macro_rules! __traced_no_drop {
    ($name:ident) => {
        const _: () = {
            #[allow(dead_code)]
            trait TracedTypesMustNotImplementDrop {}
            #[allow(drop_bounds)]
            impl<T: Drop> TracedTypesMustNotImplementDrop for T {}
            impl TracedTypesMustNotImplementDrop for $name<'_> {}
        };
    };
}

/// Visits the unnamed fields of a struct or variant.
#[doc(hidden)]
#[macro_export]
macro_rules! __traced_tuple {
    ($this:ident $marker:ident [$($path:tt)*] ($( $(#[$attr:meta])* $vis:vis $ty:ty ),* $(,)?)) => {
        $crate::__traced_tuple!(@ $this $marker [$($path)*] [a b c d e f g h] [] $($ty,)*)
    };
    (@ $this:ident $marker:ident $path:tt [$head:ident $($free:ident)*] [$($bound:ident)*] $ty:ty, $($tys:ty,)*) => {
        $crate::__traced_tuple!(@ $this $marker $path [$($free)*] [$($bound)* $head] $($tys,)*)
    };
    (@ $this:ident $marker:ident [$($path:tt)*] [$($free:ident)*] [$($bound:ident)*]) => {
        #[allow(irrefutable_let_patterns)]
        if let $($path)*($($bound),*) = $this {
            $( $crate::Trace::trace($bound, $marker); )*
        }
    };
}

/// Visits the named fields of a variant.
#[doc(hidden)]
#[macro_export]
macro_rules! __traced_named {
    ($this:ident $marker:ident [$($path:tt)*] ($( $(#[$attr:meta])* $field:ident: $ty:ty ),* $(,)?)) => {
        if let $($path)* { $($field),* } = $this {
            $( $crate::Trace::trace($field, $marker); )*
        }
    };
}
