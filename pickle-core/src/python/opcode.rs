//! The 68 opcodes of pickle protocols 0 to 5, as data.

/// What follows an opcode in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// So many bytes.
    Fixed(u8),
    /// A little-endian count of so many bytes, then as many bytes as it says.
    Counted(u8),
    /// Text up to the end of the line.
    Line,
    /// Two lines.
    LinePair,
}

/// One opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opcode {
    /// Its byte.
    pub code: u8,
    /// Its name, as Python's `pickletools` has it.
    pub name: &'static str,
    /// What follows it.
    pub argument: Argument,
    /// The first protocol that has it.
    pub protocol: u8,
}

/// The opcode of this byte.
pub fn opcode(code: u8) -> Option<&'static Opcode> {
    OPCODES.iter().find(|opcode| opcode.code == code)
}

macro_rules! opcodes {
    ($($name:ident $code:literal $argument:expr, $protocol:literal;)*) => {
        $(pub(super) const $name: u8 = $code;)*

        /// All opcodes, by protocol and byte.
        pub const OPCODES: [Opcode; 68] = {
            use Argument::{Counted, Fixed, Line, LinePair, None};
            [$(Opcode { code: $code, name: stringify!($name), argument: $argument, protocol: $protocol },)*]
        };
    };
}

opcodes! {
    MARK             b'(' None, 0;
    STOP             b'.' None, 0;
    POP              b'0' None, 0;
    DUP              b'2' None, 0;
    FLOAT            b'F' Line, 0;
    INT              b'I' Line, 0;
    LONG             b'L' Line, 0;
    NONE             b'N' None, 0;
    PERSID           b'P' Line, 0;
    REDUCE           b'R' None, 0;
    STRING           b'S' Line, 0;
    UNICODE          b'V' Line, 0;
    APPEND           b'a' None, 0;
    BUILD            b'b' None, 0;
    GLOBAL           b'c' LinePair, 0;
    DICT             b'd' None, 0;
    GET              b'g' Line, 0;
    INST             b'i' LinePair, 0;
    LIST             b'l' None, 0;
    PUT              b'p' Line, 0;
    SETITEM          b's' None, 0;
    TUPLE            b't' None, 0;
    EMPTY_TUPLE      b')' None, 1;
    POP_MARK         b'1' None, 1;
    BINFLOAT         b'G' Fixed(8), 1;
    BININT           b'J' Fixed(4), 1;
    BININT1          b'K' Fixed(1), 1;
    BININT2          b'M' Fixed(2), 1;
    BINPERSID        b'Q' None, 1;
    BINSTRING        b'T' Counted(4), 1;
    SHORT_BINSTRING  b'U' Counted(1), 1;
    BINUNICODE       b'X' Counted(4), 1;
    EMPTY_LIST       b']' None, 1;
    APPENDS          b'e' None, 1;
    BINGET           b'h' Fixed(1), 1;
    LONG_BINGET      b'j' Fixed(4), 1;
    OBJ              b'o' None, 1;
    BINPUT           b'q' Fixed(1), 1;
    LONG_BINPUT      b'r' Fixed(4), 1;
    SETITEMS         b'u' None, 1;
    EMPTY_DICT       b'}' None, 1;
    PROTO            0x80 Fixed(1), 2;
    NEWOBJ           0x81 None, 2;
    EXT1             0x82 Fixed(1), 2;
    EXT2             0x83 Fixed(2), 2;
    EXT4             0x84 Fixed(4), 2;
    TUPLE1           0x85 None, 2;
    TUPLE2           0x86 None, 2;
    TUPLE3           0x87 None, 2;
    NEWTRUE          0x88 None, 2;
    NEWFALSE         0x89 None, 2;
    LONG1            0x8a Counted(1), 2;
    LONG4            0x8b Counted(4), 2;
    BINBYTES         b'B' Counted(4), 3;
    SHORT_BINBYTES   b'C' Counted(1), 3;
    SHORT_BINUNICODE 0x8c Counted(1), 4;
    BINUNICODE8      0x8d Counted(8), 4;
    BINBYTES8        0x8e Counted(8), 4;
    EMPTY_SET        0x8f None, 4;
    ADDITEMS         0x90 None, 4;
    FROZENSET        0x91 None, 4;
    NEWOBJ_EX        0x92 None, 4;
    STACK_GLOBAL     0x93 None, 4;
    MEMOIZE          0x94 None, 4;
    FRAME            0x95 Fixed(8), 4;
    BYTEARRAY8       0x96 Counted(8), 5;
    NEXT_BUFFER      0x97 None, 5;
    READONLY_BUFFER  0x98 None, 5;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_has_two_opcodes() {
        let mut codes = OPCODES.map(|opcode| opcode.code);
        codes.sort_unstable();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(opcode(b'.').map(|opcode| opcode.name), Some("STOP"));
    }
}
