//! Names of an enum's variants, as declared for serde. Files, keys of layers and messages all use them.

use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};

/// The names of all variants in declaration order. `T` must be an enum.
pub fn names<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut found: &[&str] = &[];
    // The deserializer returns no value, so this is always an error.
    T::deserialize(Names(&mut found)).err();
    found
}

/// The variant with this name, or `None`.
pub fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    let from: StrDeserializer<Error> = name.into_deserializer();
    T::deserialize(from).ok()
}

/// The name of a variant without data.
///
/// # Panics
/// If the variant has data.
#[cfg(feature = "text")]
pub fn name<T: DeserializeOwned + PartialEq>(variant: &T) -> &'static str {
    let found = names::<T>().iter().find(|name| named::<T>(name).as_ref() == Some(variant));
    found.expect("a variant that its own name gives")
}

/// A deserializer that records the names of the variants it is asked for.
struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("no enum"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = variants;
        Err(Error::custom("no value"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        FastText,
        #[serde(rename = "3CosAdd")]
        CosAdd,
    }

    #[test]
    fn names_are_serdes_and_go_both_ways() {
        assert_eq!(names::<Kind>(), ["fasttext", "3CosAdd"]);
        #[cfg(feature = "text")]
        assert_eq!([Kind::FastText, Kind::CosAdd].map(|kind| name(&kind)), ["fasttext", "3CosAdd"]);
        assert_eq!((named("fasttext"), named("3CosAdd")), (Some(Kind::FastText), Some(Kind::CosAdd)));
        assert!(["FastText", "cosadd", ""].iter().all(|text| named::<Kind>(text).is_none()));
        assert!(names::<u32>().is_empty());
    }
}
