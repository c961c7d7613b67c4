//! Opcodes out: the choices that CPython's C pickler makes for each protocol, byte for byte.

use crate::graph::Integer;
use crate::graph::bigint;
use crate::raw;

use super::opcode as op;
use super::text::push_code_point;

/// A frame is closed when it holds so many bytes.
const FRAME_TARGET: usize = 64 << 10;
/// A frame that holds fewer is not worth its header.
const FRAME_MIN: usize = 4;
const FRAME_HEADER: usize = 9;
/// So many integers are put together, of which none takes more bytes.
const MANY_INTS: usize = 64;
const LONGEST_INT: usize = 10;
/// What follows large data at least: another frame, a memo number, the end.
const AFTER_LARGE: usize = 64;

/// The bytes of a pickle as they grow.
#[derive(Debug)]
pub(super) struct Writer {
    out: Vec<u8>,
    pub(super) protocol: u8,
    /// Where the header of the open frame lies. From protocol 4 on one is always open.
    frame: usize,
    /// How long `out` is when the frame is full: `usize::MAX` where there are no frames.
    full: usize,
    /// Whether objects say their memo numbers, which do not begin at 0.
    pub(super) explicit: bool,
}

impl Writer {
    pub(super) fn new(protocol: u8) -> Self {
        Self::behind(Vec::new(), protocol)
    }

    /// Writes behind what `out` holds.
    pub(super) fn behind(mut out: Vec<u8>, protocol: u8) -> Self {
        if protocol >= 2 {
            out.extend([op::PROTO, protocol]);
        }
        let mut writer = Self { out, protocol, frame: 0, full: usize::MAX, explicit: false };
        writer.open_frame();
        writer
    }

    /// Ends the pickle.
    pub(super) fn end(&mut self) {
        self.op(op::STOP);
        self.close_frame();
        self.full = usize::MAX;
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// What is written so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.out
    }

    /// Takes back what was written from `start` on.
    pub(super) fn take_from(&mut self, start: usize) -> Vec<u8> {
        self.out.split_off(start)
    }

    /// Appends a pickle that is complete.
    pub(super) fn append(&mut self, pickle: &[u8]) {
        self.out.extend_from_slice(pickle);
    }

    /// Between two objects a frame that is full is closed.
    #[inline]
    pub(super) fn boundary(&mut self) {
        if self.out.len() >= self.full {
            self.next_frame();
        }
    }

    #[cold]
    fn next_frame(&mut self) {
        self.close_frame();
        self.open_frame();
    }

    fn open_frame(&mut self) {
        if self.protocol >= 4 {
            self.frame = self.out.len();
            self.out.extend([0; FRAME_HEADER]);
            self.full = self.out.len() + FRAME_TARGET;
        }
    }

    /// Completes the header of the frame, or takes it back from one that is not worth it.
    fn close_frame(&mut self) {
        if self.protocol < 4 {
            return;
        }
        let (start, body) = (self.frame, self.frame + FRAME_HEADER);
        let len = self.out.len() - body;
        if len < FRAME_MIN {
            self.out.drain(start..body);
            return;
        }
        self.out[start] = op::FRAME;
        self.out[start + 1..body].copy_from_slice(&(len as u64).to_le_bytes());
    }

    #[inline]
    fn write<const N: usize>(&mut self, bytes: [u8; N]) {
        self.out.extend_from_slice(&bytes);
    }

    #[inline]
    pub(super) fn op(&mut self, code: u8) {
        self.out.push(code);
    }

    /// A header and data behind it. Large data lies outside of frames.
    fn write_large(&mut self, header: &[u8], data: &[u8]) {
        let outside = data.len() >= FRAME_TARGET;
        if outside {
            self.close_frame();
            self.out.reserve(header.len() + data.len() + AFTER_LARGE);
        }
        self.out.extend_from_slice(header);
        self.out.extend_from_slice(data);
        if outside {
            self.open_frame();
        }
    }

    /// An opcode with the size of what follows, in the shortest of its three forms.
    fn counted(&mut self, [short, long, huge]: [u8; 3], data: &[u8]) {
        let size = (data.len() as u64).to_le_bytes();
        match data.len() as u64 {
            len if short != 0 && len <= 0xff => self.write_large(&[short, size[0]], data),
            len if long != 0 && len <= 0xffff_ffff => {
                self.write_large(&[long, size[0], size[1], size[2], size[3]], data);
            }
            _ => self.write_large(&[&[huge][..], &size].concat(), data),
        }
    }

    #[inline]
    pub(super) fn bool(&mut self, value: bool) {
        match (self.protocol >= 2, value) {
            (true, true) => self.op(op::NEWTRUE),
            (true, false) => self.op(op::NEWFALSE),
            (false, true) => self.write(*b"I01\n"),
            (false, false) => self.write(*b"I00\n"),
        }
    }

    /// An integer of any size: little-endian, in two's complement, as short as possible.
    pub(super) fn integer(&mut self, value: Integer<'_>) {
        let bytes = match value {
            Integer::Small(value) => return self.int(value),
            Integer::Big(_) if self.protocol < 2 => {
                return self.line(op::LONG, &format!("{value}L"));
            }
            Integer::Big(bytes) => bytes,
        };
        match u8::try_from(bytes.len()) {
            Ok(len) => self.write([op::LONG1, len]),
            Err(_) => {
                self.op(op::LONG4);
                self.write((bytes.len() as u32).to_le_bytes());
            }
        }
        self.out.extend_from_slice(bytes);
    }

    #[inline]
    pub(super) fn int(&mut self, value: i64) {
        let [a, b, c, d, ..] = value.to_le_bytes();
        match value {
            _ if self.protocol == 0 => self.int_line(value),
            0..=0xff => self.write([op::BININT1, a]),
            0x100..=0xffff => self.write([op::BININT2, a, b]),
            _ if i32::try_from(value).is_ok() => self.write([op::BININT, a, b, c, d]),
            _ => self.long(value),
        }
    }

    /// An integer of more than 32 bits.
    fn long(&mut self, value: i64) {
        if self.protocol < 2 {
            return self.line(op::LONG, &format!("{value}L"));
        }
        let bytes = value.to_le_bytes();
        let bytes = bigint::trim(&bytes);
        self.write([op::LONG1, bytes.len() as u8]);
        self.out.extend_from_slice(bytes);
    }

    /// Integers from protocol 2 on, with nothing between them: some that a frame is sure to take,
    /// up to one of more than 64 bits; how many.
    pub(super) fn ints(&mut self, values: impl Iterator<Item = Option<i64>>) -> usize {
        if self.full.saturating_sub(self.out.len()) < MANY_INTS * LONGEST_INT {
            return 0;
        }
        let mut bytes = [0; MANY_INTS * LONGEST_INT];
        let (mut end, mut count) = (0, 0);
        for value in values.take(MANY_INTS).map_while(|value| value) {
            let (code, size) = match value {
                0..=0xff => ([op::BININT1, 0], 1),
                0x100..=0xffff => ([op::BININT2, 0], 2),
                _ if i32::try_from(value).is_ok() => ([op::BININT, 0], 4),
                _ => {
                    let size = (72 - (value ^ value >> 63).leading_zeros()) / 8;
                    ([op::LONG1, size as u8], size as usize)
                }
            };
            bytes[end..end + 2].copy_from_slice(&code);
            end += 1 + usize::from(code[0] == op::LONG1);
            bytes[end..end + 8].copy_from_slice(&value.to_le_bytes());
            end += size;
            count += 1;
        }
        self.out.extend_from_slice(&bytes[..end]);
        count
    }

    fn int_line(&mut self, value: i64) {
        match i32::try_from(value) {
            Ok(value) => self.line(op::INT, &value.to_string()),
            Err(_) => self.long(value),
        }
    }

    #[inline]
    pub(super) fn float(&mut self, value: f64) {
        if self.protocol == 0 {
            return self.line(op::FLOAT, &float_repr(value));
        }
        let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
        self.write([op::BINFLOAT, a, b, c, d, e, f, g, h]);
    }

    /// Floats from protocol 2 on, with nothing between them: as many as the frame takes, at least
    /// one at a boundary; how many.
    pub(super) fn floats(&mut self, values: impl ExactSizeIterator<Item = f64>) -> usize {
        const SIZE: usize = 1 + size_of::<f64>();
        let room = self.full.saturating_sub(self.out.len()).div_ceil(SIZE);
        let (start, count) = (self.out.len(), values.len().min(room));
        self.out.resize(start + count * SIZE, op::BINFLOAT);
        for (place, value) in self.out[start..].chunks_exact_mut(SIZE).zip(values) {
            place[1..].copy_from_slice(&value.to_be_bytes());
        }
        count
    }

    #[inline(always)]
    pub(super) fn text(&mut self, text: &[u8]) {
        match u8::try_from(text.len()) {
            Ok(len) if self.protocol >= 4 => {
                raw::append(&mut self.out, [op::SHORT_BINUNICODE, len], text, []);
            }
            _ => self.long_text(text),
        }
    }

    /// Short text at a boundary where no frame ends, without any call; false where nothing is written.
    #[inline(always)]
    pub(super) fn short_text(&mut self, text: &[u8]) -> bool {
        self.protocol >= 4
            && self.out.len() < self.full
            && raw::append_few(&mut self.out, [op::SHORT_BINUNICODE, text.len() as u8], text)
    }

    /// Text with a memo number, which is the next.
    #[inline]
    pub(super) fn new_text(&mut self, text: &[u8], memo: u32) {
        match u8::try_from(text.len()) {
            Ok(len) if self.protocol >= 4 && !self.explicit => {
                raw::append(&mut self.out, [op::SHORT_BINUNICODE, len], text, [op::MEMOIZE]);
            }
            _ => {
                self.text(text);
                self.put(memo);
            }
        }
    }

    fn long_text(&mut self, text: &[u8]) {
        if self.protocol == 0 {
            self.op(op::UNICODE);
            raw_unicode_escape(text, &mut self.out);
            return self.op(b'\n');
        }
        let short = if self.protocol >= 4 { op::SHORT_BINUNICODE } else { 0 };
        self.counted([short, op::BINUNICODE, op::BINUNICODE8], text);
    }

    /// Where text of so many bytes, far fewer than fill a frame, lies when it is written next;
    /// `None` where it is escaped.
    pub(super) fn place_of_text(&self, len: usize) -> Option<usize> {
        match self.protocol {
            0 => None,
            4.. if len <= 0xff => Some(self.out.len() + 2),
            _ => Some(self.out.len() + 5),
        }
    }

    /// Bytes from protocol 3 on.
    pub(super) fn bytes_object(&mut self, bytes: &[u8]) {
        self.counted([op::SHORT_BINBYTES, op::BINBYTES, op::BINBYTES8], bytes);
    }

    /// A bytearray from protocol 5 on.
    pub(super) fn bytearray(&mut self, bytes: &[u8]) {
        self.counted([0, 0, op::BYTEARRAY8], bytes);
    }

    /// An opcode and a line of text.
    fn line(&mut self, code: u8, line: &str) {
        self.op(code);
        self.out.extend_from_slice(line.as_bytes());
        self.op(b'\n');
    }

    pub(super) fn line_pair(&mut self, code: u8, first: &[u8], second: &[u8]) {
        self.op(code);
        for line in [first, second] {
            self.out.extend_from_slice(line);
            self.op(b'\n');
        }
    }

    pub(super) fn persid(&mut self, id: &[u8]) {
        self.op(op::PERSID);
        self.out.extend_from_slice(id);
        self.op(b'\n');
    }

    /// Gives the topmost object this memo number, which is the next.
    #[inline]
    pub(super) fn put(&mut self, index: u32) {
        match (self.protocol, u8::try_from(index)) {
            (4.., _) if !self.explicit => self.op(op::MEMOIZE),
            (0, _) => self.line(op::PUT, &index.to_string()),
            (_, Ok(index)) => self.write([op::BINPUT, index]),
            _ => self.with_u32(op::LONG_BINPUT, index),
        }
    }

    #[inline]
    pub(super) fn get(&mut self, index: u32) {
        match (self.protocol, u8::try_from(index)) {
            (0, _) => self.line(op::GET, &index.to_string()),
            (_, Ok(index)) => self.write([op::BINGET, index]),
            _ => self.with_u32(op::LONG_BINGET, index),
        }
    }

    #[inline]
    fn with_u32(&mut self, code: u8, value: u32) {
        let [a, b, c, d] = value.to_le_bytes();
        self.write([code, a, b, c, d]);
    }
}

/// A float as Python's `repr` writes it.
pub(crate) fn float_repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = value.to_string();
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// The code points of UTF-8 in which lone surrogates may occur.
pub(crate) fn code_points(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = *rest.first()?;
        let len = match first {
            ..=0x7f => 1,
            0x80..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0.. => 4,
        };
        let (bytes, tail) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        rest = tail;
        let head = u32::from(first) & if len == 1 { 0x7f } else { 0x7f >> len };
        Some(bytes[1..].iter().fold(head, |code, byte| code << 6 | u32::from(byte & 0x3f)))
    })
}

/// Text for a `UNICODE` line: Latin-1 with escapes for the rest and for what would end the line.
fn raw_unicode_escape(text: &[u8], out: &mut Vec<u8>) {
    for code in code_points(text) {
        match code {
            0x1_0000.. => out.extend(format!("\\U{code:08x}").bytes()),
            0x100..=0xffff | 0 | 0x0a | 0x0d | 0x1a | 0x5c => {
                out.extend(format!("\\u{code:04x}").bytes())
            }
            _ => out.push(code as u8),
        }
    }
}

/// Bytes as the text whose characters have their numbers, as protocols below 3 write them.
pub(super) fn latin1(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    bytes.iter().for_each(|byte| push_code_point(&mut out, (*byte).into()));
    out
}
