//! Output whose size is not known beforehand: pieces of memory, one filled behind the other.

use super::Region;

/// A first piece is no smaller, and each further one twice as large as the one before it, up to the
/// largest, unless more is needed at once.
const LEAST: usize = 256;
const LARGEST: usize = 1 << 20;

/// The memory of a region that grows. What was taken of the region stays where it is.
pub(crate) struct Growing {
    /// Those that are filled, and their lengths.
    filled: Vec<(Vec<u8>, usize)>,
    /// The region is what is left of its spare room.
    last: Vec<u8>,
    /// Bytes of the heads.
    heads: usize,
}

impl Growing {
    /// Opens regions behind what a buffer holds: one of so many bytes for heads, and one that grows.
    pub(crate) fn open(mut buffer: Vec<u8>, heads: usize) -> (Self, Region, Region) {
        buffer.reserve(heads + LEAST);
        let start = buffer.as_mut_ptr();
        // SAFETY: `reserve` made room for the heads and more behind what the buffer holds. Both
        // regions lie in its capacity, one behind the other.
        let (head, rest) = unsafe {
            let middle = start.add(buffer.len() + heads);
            (
                Region { next: start.add(buffer.len()), end: middle },
                Region { next: middle, end: start.add(buffer.capacity()) },
            )
        };
        (Self { filled: Vec::new(), last: buffer, heads }, head, rest)
    }

    /// The region goes on in a new piece, where there is room for so many bytes.
    pub(crate) fn grow(&mut self, region: &mut Region, size: usize) {
        let len = self.len(region);
        let capacity = (2 * self.last.capacity()).clamp(LEAST, LARGEST).max(size);
        let filled = std::mem::replace(&mut self.last, Vec::with_capacity(capacity));
        self.filled.push((filled, len));
        let start = self.last.as_mut_ptr();
        // SAFETY: the end of the capacity.
        let end = unsafe { start.add(self.last.capacity()) };
        *region = Region { next: start, end };
    }

    /// How much of the last piece is filled.
    ///
    /// # Panics
    /// When the region is another's.
    fn len(&self, region: &Region) -> usize {
        let start = self.last.as_ptr();
        assert!(region.end as usize == start as usize + self.last.capacity());
        region.next as usize - start as usize
    }

    /// The pieces in order, the first with what its buffer held.
    ///
    /// # Panics
    /// When the heads are not full, or a region is another's.
    pub(crate) fn close(mut self, heads: &Region, rest: &Region) -> Vec<Vec<u8>> {
        let first = self.filled.first().map_or(&self.last, |(first, _)| first);
        let start = first.as_ptr() as usize + first.len();
        assert!(heads.is_full() && heads.next as usize == start + self.heads);
        let len = self.len(rest);
        self.filled.push((self.last, len));
        let pieces = self.filled.into_iter().map(|(mut piece, len)| {
            assert!(len <= piece.capacity());
            // SAFETY:
            // - `len` is no more than the capacity. It is where the region was in this piece when
            //   it went on in another, or was closed.
            // - All bytes up to there are written: those that the buffer held; the heads, which are
            //   full; and what was taken of the region. Whatever takes room from a region (`put`,
            //   `Group::write`, `Items::write`) writes all of it.
            unsafe { piece.set_len(len) }
            piece
        });
        pieces.collect()
    }

    /// The first buffer, as it was.
    pub(crate) fn give_back(self) -> Vec<u8> {
        self.filled.into_iter().next().map_or(self.last, |(first, _)| first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_a_growing_region_comes_back_in_order() {
        let (mut growing, mut heads, mut rest) = Growing::open(b"before".to_vec(), 3);
        let mut expected = b"before".to_vec();
        expected.extend(b"abc");
        for size in [0, 1, 100, 300, 5, 4000, 2 << 20, 7] {
            let bytes = vec![size as u8; size];
            if rest.put(&bytes).is_none() {
                growing.grow(&mut rest, size);
                rest.put(&bytes).unwrap();
            }
            expected.extend(&bytes);
        }
        heads.put(b"abc").unwrap();
        assert_eq!(growing.close(&heads, &rest).concat(), expected);
    }

    #[test]
    #[should_panic(expected = "heads")]
    fn a_region_without_its_heads_is_not_closed() {
        let (growing, mut heads, rest) = Growing::open(Vec::new(), 2);
        heads.put(b"a").unwrap();
        growing.close(&heads, &rest);
    }

    #[test]
    fn a_buffer_is_given_back_as_it_was() {
        let (mut growing, _, mut rest) = Growing::open(b"before".to_vec(), 2);
        rest.put(b"behind").unwrap();
        growing.grow(&mut rest, 10_000);
        assert_eq!(growing.give_back(), b"before");
    }
}
