// Nominal types over primitives, so that a session id is never mistaken for a connection name.
declare const brand: unique symbol;

export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
