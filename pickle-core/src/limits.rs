//! How much an input may ask of us.

/// What one load may use. Every limit turns a hostile input into an error; none refuses honest
/// data only because it is large.
///
/// ```
/// use pickle_core::Limits;
/// let limits = Limits { max_depth: 500, ..Limits::DEFAULT };
/// assert!(limits.max_depth > Limits::UNTRUSTED.max_depth);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of nesting, both when dumping and when loading. Where the thread's stack has no room
    /// left, the next levels go on another one, so a higher limit takes memory, about 1 KiB a level in
    /// release builds, and overflows nothing. Dropping what was loaded is up to its types.
    pub max_depth: u32,
    /// Bytes of memory that one load may allocate in all.
    pub max_alloc_bytes: u64,
    /// Bytes of memory that one load may allocate for each byte of input, on top of 1 MiB.
    pub max_alloc_ratio: u32,
    /// Nodes of a dynamic value or of a shared structure, counted each time one is copied.
    pub max_nodes: u64,
    /// Elements that take no bytes in the input (`()`, empty structs) in one load.
    pub max_zero_sized: u64,
}

impl Limits {
    /// Safe for any input on a thread with a stack of 1 MiB, and generous to honest data.
    pub const DEFAULT: Self = Self {
        max_depth: 128,
        max_alloc_bytes: u64::MAX,
        max_alloc_ratio: 1024,
        max_nodes: 1 << 32,
        max_zero_sized: 1 << 24,
    };

    /// Tighter, for bytes from strangers.
    pub const UNTRUSTED: Self = Self {
        max_depth: 64,
        max_alloc_bytes: 256 << 20,
        max_alloc_ratio: 64,
        max_nodes: 1 << 24,
        max_zero_sized: 1 << 16,
    };

    /// The memory budget of a load from `input` bytes.
    #[inline]
    pub(crate) fn budget(&self, input: usize) -> u64 {
        let proportional = (input as u64).saturating_mul(self.max_alloc_ratio.into());
        proportional.saturating_add(1 << 20).min(self.max_alloc_bytes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
