//! From the text of a pattern to its nodes.

use super::MAX_CAPTURES;
use super::error::PatternError;
use super::set::ByteSet;

/// What one byte of the subject is compared with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Single {
    /// This byte.
    Byte(u8),
    /// Any byte.
    Any,
    /// A byte of the set with this index.
    Set(u32),
}

/// One item of a pattern.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node {
    /// Exactly once.
    One(Single),
    /// `*`, or `+` after its first byte; gives bytes back.
    Star(Single),
    /// `*` where what follows can never begin with a byte of the repetition: longest only.
    StarAll(Single),
    /// `-`: as few as will do.
    Lazy(Single),
    /// `?`: with the byte first, then without.
    Optional(Single),
    /// `?` where what follows can never begin with that byte: with it if possible.
    OptionalAll(Single),
    /// `(`
    Open(u8),
    /// `()`
    Position(u8),
    /// `)`
    Close(u8),
    /// `%bxy`
    Balance(u8, u8),
    /// `%f[set]`
    Frontier(u32),
    /// `%1`, zero-based
    Back(u8),
    /// `$` at the end.
    SubjectEnd,
    /// An error that is raised when matching comes here.
    Fail(PatternError),
    /// The end of the pattern.
    Accept,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(super) nodes: Vec<Node>,
    pub(super) sets: Vec<ByteSet>,
    /// Number of captures, and whether one of them is never closed.
    pub(super) captures: usize,
    /// Which captures have no `)`: bit `n`.
    pub(super) unfinished: u32,
    pub(super) anchored: bool,
    pub(super) start: Start,
}

/// How to skip to where a match can start.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start {
    /// Nowhere can be ruled out.
    Anywhere,
    /// Only at this byte.
    Byte(u8),
    /// Only at a byte of the set.
    Set(u32),
}

impl Pattern {
    /// Compiles `text`. With `anchor`, a leading `^` anchors the match at its start; without it
    /// (`string.gmatch`) that byte is an ordinary one.
    ///
    /// Never fails: errors are raised by the match that reaches them.
    pub fn compile(text: &[u8], anchor: bool) -> Pattern {
        let anchored = anchor && text.first() == Some(&b'^');
        let text = if anchored { &text[1..] } else { text };
        let mut compiler = Compiler {
            text,
            at: 0,
            nodes: Vec::new(),
            sets: Vec::new(),
            open: Vec::new(),
            captures: 0,
        };
        if let Err(error) = compiler.items() {
            compiler.nodes.push(Node::Fail(error));
        }
        compiler.nodes.push(Node::Accept);
        let unfinished = compiler.open.iter().fold(0, |bits, &n| bits | 1 << n);
        let mut pattern = Pattern {
            nodes: compiler.nodes,
            sets: compiler.sets,
            captures: compiler.captures,
            unfinished,
            anchored,
            start: Start::Anywhere,
        };
        pattern.start = pattern.find_start();
        pattern.drop_backtracking();
        pattern
    }

    /// Does the pattern match at the start of the search only?
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }

    /// The number of captures written in the pattern.
    pub fn capture_count(&self) -> usize {
        self.captures
    }

    fn find_start(&self) -> Start {
        for node in &self.nodes {
            return match *node {
                Node::Open(_) | Node::Position(_) | Node::Close(_) => continue,
                Node::One(Single::Byte(b)) | Node::Balance(b, _) => Start::Byte(b),
                Node::One(Single::Set(set)) => Start::Set(set),
                _ => Start::Anywhere,
            };
        }
        Start::Anywhere
    }

    pub(super) fn single_set(&self, single: Single) -> ByteSet {
        match single {
            Single::Byte(b) => ByteSet::byte(b),
            Single::Any => ByteSet::FULL,
            Single::Set(set) => self.sets[set as usize],
        }
    }

    /// Marks repetitions that need no backtracking.
    ///
    /// Walks backwards with the set of bytes that the rest can begin with. A repetition disjoint
    /// from it either ends at its longest or not at all: at any earlier place the rest would meet
    /// a byte of the repetition. Where the rest may match nothing, the longest always succeeds.
    fn drop_backtracking(&mut self) {
        let mut first = ByteSet::EMPTY;
        for at in (0..self.nodes.len()).rev() {
            match self.nodes[at] {
                Node::Accept | Node::SubjectEnd => first = ByteSet::EMPTY,
                Node::One(single) => first = self.single_set(single),
                Node::Star(single) | Node::Optional(single) => {
                    let set = self.single_set(single);
                    if set.is_disjoint(&first) {
                        self.nodes[at] = match self.nodes[at] {
                            Node::Star(_) => Node::StarAll(single),
                            _ => Node::OptionalAll(single),
                        };
                    }
                    first = first.union(set);
                }
                Node::Lazy(single) => first = first.union(self.single_set(single)),
                Node::Balance(open, _) => first = ByteSet::byte(open),
                Node::Open(_) | Node::Position(_) | Node::Close(_) => {}
                Node::Frontier(_) | Node::Back(_) | Node::Fail(_) => first = ByteSet::FULL,
                Node::StarAll(_) | Node::OptionalAll(_) => {
                    unreachable!("made by this walk, behind it")
                }
            }
        }
    }
}

struct Compiler<'a> {
    text: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    sets: Vec<ByteSet>,
    /// Captures begun and not closed, innermost last.
    open: Vec<u8>,
    captures: usize,
}

impl Compiler<'_> {
    fn items(&mut self) -> Result<(), PatternError> {
        while let Some(&byte) = self.text.get(self.at) {
            let next = self.text.get(self.at + 1).copied();
            match (byte, next) {
                (b'(', Some(b')')) => {
                    let n = self.new_capture()?;
                    self.nodes.push(Node::Position(n));
                    self.at += 2;
                }
                (b'(', _) => {
                    let n = self.new_capture()?;
                    self.open.push(n);
                    self.nodes.push(Node::Open(n));
                    self.at += 1;
                }
                (b')', _) => {
                    let n = self.open.pop().ok_or(PatternError::NothingToClose)?;
                    self.nodes.push(Node::Close(n));
                    self.at += 1;
                }
                (b'$', None) => {
                    self.nodes.push(Node::SubjectEnd);
                    self.at += 1;
                }
                (b'%', Some(b'b')) => {
                    let Some(&[open, close]) = self.text.get(self.at + 2..self.at + 4) else {
                        return Err(PatternError::BalanceArguments);
                    };
                    self.nodes.push(Node::Balance(open, close));
                    self.at += 4;
                }
                (b'%', Some(b'f')) => {
                    self.at += 2;
                    if self.text.get(self.at) != Some(&b'[') {
                        return Err(PatternError::FrontierWithoutSet);
                    }
                    let set = self.set()?;
                    let set = self.add_set(set);
                    self.nodes.push(Node::Frontier(set));
                }
                (b'%', Some(digit @ b'0'..=b'9')) => {
                    let index = i32::from(digit) - i32::from(b'1');
                    let known = (0..self.captures as i32).contains(&index);
                    if !known || self.open.contains(&(index as u8)) {
                        return Err(PatternError::CaptureIndex((index + 1) as u32));
                    }
                    self.nodes.push(Node::Back(index as u8));
                    self.at += 2;
                }
                _ => self.single()?,
            }
        }
        Ok(())
    }

    fn new_capture(&mut self) -> Result<u8, PatternError> {
        if self.captures == MAX_CAPTURES {
            return Err(PatternError::TooManyCaptures);
        }
        self.captures += 1;
        Ok((self.captures - 1) as u8)
    }

    /// A byte, class or set, and its repetition.
    fn single(&mut self) -> Result<(), PatternError> {
        let single = match self.text[self.at] {
            b'.' => {
                self.at += 1;
                Single::Any
            }
            b'%' => {
                let letter = *self.text.get(self.at + 1).ok_or(PatternError::EndsWithPercent)?;
                self.at += 2;
                if letter.is_ascii_alphabetic() {
                    self.class_single(ByteSet::class(letter), letter)
                } else {
                    Single::Byte(letter)
                }
            }
            b'[' => {
                let set = self.set()?;
                Single::Set(self.add_set(set))
            }
            byte => {
                self.at += 1;
                Single::Byte(byte)
            }
        };
        let repeat = self.text.get(self.at);
        self.at += usize::from(matches!(repeat, Some(b'*' | b'+' | b'-' | b'?')));
        match repeat {
            Some(b'*') => self.nodes.push(Node::Star(single)),
            Some(b'+') => self.nodes.extend([Node::One(single), Node::Star(single)]),
            Some(b'-') => self.nodes.push(Node::Lazy(single)),
            Some(b'?') => self.nodes.push(Node::Optional(single)),
            _ => self.nodes.push(Node::One(single)),
        }
        Ok(())
    }

    fn class_single(&mut self, set: ByteSet, letter: u8) -> Single {
        if set == ByteSet::byte(letter) {
            Single::Byte(letter)
        } else {
            Single::Set(self.add_set(set))
        }
    }

    fn add_set(&mut self, set: ByteSet) -> u32 {
        // A class tends to occur several times in a pattern; only the last sets are compared, so
        // that a huge pattern compiles in linear time.
        let recent = self.sets.len().saturating_sub(8);
        if let Some(at) = self.sets[recent..].iter().position(|known| *known == set) {
            return (recent + at) as u32;
        }
        self.sets.push(set);
        (self.sets.len() - 1) as u32
    }

    /// Reads `[set]`, leaving `at` behind it.
    fn set(&mut self) -> Result<ByteSet, PatternError> {
        let mut at = self.at + 1;
        let negated = self.text.get(at) == Some(&b'^');
        at += usize::from(negated);
        // The first byte is a member even if it is `]`.
        let mut end = at;
        loop {
            match self.text.get(end) {
                None => return Err(PatternError::UnclosedSet),
                Some(b'%') => end += 2,
                Some(_) => end += 1,
            }
            if self.text.get(end) == Some(&b']') {
                break;
            }
        }
        let body = &self.text[at..end];
        self.at = end + 1;
        let mut set = ByteSet::EMPTY;
        let mut i = 0;
        while i < body.len() {
            if body[i] == b'%' && i + 1 < body.len() {
                set = set.union(ByteSet::class(body[i + 1]));
                i += 2;
            } else if i + 2 < body.len() && body[i + 1] == b'-' {
                for byte in body[i]..=body[i + 2] {
                    set.insert(byte);
                }
                i += 3;
            } else {
                set.insert(body[i]);
                i += 1;
            }
        }
        Ok(if negated { set.complement() } else { set })
    }
}
