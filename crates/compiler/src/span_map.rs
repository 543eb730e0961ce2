//! Maps whose keys lie close together, such as the locals of one function among those of a chunk.

use std::marker::PhantomData;
use std::ops::Index;

use la_arena::{Idx, RawIdx};

/// A vector that begins at the smallest key: its size is the distance of the keys, wherever in the arena they are.
#[derive(Debug)]
pub(crate) struct SpanMap<T, V> {
    first: u32,
    values: Vec<Option<V>>,
    keys: PhantomData<fn(Idx<T>)>,
}

impl<T, V> Default for SpanMap<T, V> {
    fn default() -> SpanMap<T, V> {
        SpanMap {
            first: 0,
            values: Vec::new(),
            keys: PhantomData,
        }
    }
}

impl<T, V> SpanMap<T, V> {
    pub(crate) fn insert(&mut self, key: Idx<T>, value: V) {
        let key = raw(key);
        if self.values.is_empty() {
            self.first = key;
        }
        if let Some(before) = self.first.checked_sub(key).filter(|&before| before > 0) {
            self.values.splice(0..0, (0..before).map(|_| None));
            self.first = key;
        }
        let at = (key - self.first) as usize;
        if at >= self.values.len() {
            self.values.resize_with(at + 1, || None);
        }
        self.values[at] = Some(value);
    }

    pub(crate) fn get(&self, key: Idx<T>) -> Option<&V> {
        let at = raw(key).checked_sub(self.first)?;
        self.values.get(at as usize)?.as_ref()
    }
}

impl<T, V> Index<Idx<T>> for SpanMap<T, V> {
    type Output = V;

    fn index(&self, key: Idx<T>) -> &V {
        self.get(key).expect("the key is in the map")
    }
}

fn raw<T>(key: Idx<T>) -> u32 {
    RawIdx::into_u32(key.into_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_any_order() {
        let key = |n: u32| Idx::<()>::from_raw(RawIdx::from_u32(n));
        let mut map = SpanMap::default();
        map.insert(key(10), 'a');
        map.insert(key(12), 'b');
        map.insert(key(7), 'c');
        map.insert(key(12), 'd');
        let all: Vec<Option<char>> = (6..14).map(|n| map.get(key(n)).copied()).collect();
        assert_eq!(all, [None, Some('c'), None, None, Some('a'), None, Some('d'), None]);
        assert_eq!(map[key(10)], 'a');
    }
}
