//! Tables of patterns, subjects and what they match.

use super::{ByteSet, Capture, Captures, MatchError, Meter, Pattern, PatternError, Unmetered, find_plain, is_plain};

/// `start-end` of the match (1-based, inclusive) and its captures, or the error's text.
fn show(subject: &str, pattern: &str) -> String {
    let mut captures = Captures::default();
    let pattern = Pattern::compile(pattern.as_bytes(), true);
    match pattern.find(subject.as_bytes(), 0, &mut captures, &mut Unmetered) {
        Ok(false) => "nil".to_owned(),
        Err(MatchError::Pattern(error)) => error.to_string(),
        Ok(true) => {
            let mut text = format!("{}-{}", captures.start + 1, captures.end);
            for n in 0..captures.count() {
                match captures.get(n) {
                    Ok(Capture::Range(a, b)) => text += &format!(" {:?}", &subject[a..b]),
                    Ok(Capture::Position(at)) => text += &format!(" @{}", at + 1),
                    Err(error) => text += &format!(" {error}"),
                }
            }
            text
        }
    }
}

fn check(table: &[(&str, &str, &str)]) {
    for (subject, pattern, expected) in table {
        assert_eq!(&show(subject, pattern), expected, "{pattern:?} on {subject:?}");
    }
}

#[test]
fn single_items() {
    check(&[
        ("", "", "1-0"),
        ("alo", "", "1-0"),
        ("alo", "l", "2-2"),
        ("alo", "lo", "2-3"),
        ("alo", "x", "nil"),
        ("alo", ".", "1-1"),
        ("a.b", "%.", "2-2"),
        ("a%b", "%%", "2-2"),
        ("abc123", "%d", "4-4"),
        ("abc123", "%D%d", "3-4"),
        (" \t\n\x0b\x0c\r", "^%s+$", "1-6"),
        ("aZ09", "^%w+$", "1-4"),
        ("!\"#/:@[`{~", "^%p+$", "1-10"),
        ("\x01\x1f\x7f", "^%c+$", "1-3"),
        ("09afAF", "^%x+$", "1-6"),
        ("xyG", "%x", "nil"),
        ("a b", "%g+", "1-1"),
        ("aBc", "%u", "2-2"),
        ("AbC", "%l", "2-2"),
        ("a\0b", "%z", "2-2"),
        ("q", "%q", "1-1"),
    ]);
}

#[test]
fn sets() {
    check(&[
        ("abc", "[b-z]+", "2-3"),
        ("abc", "[^a]+", "2-3"),
        ("a]b", "[]]", "2-2"),
        ("]a", "[^]]", "2-2"),
        ("a-b", "[a-]+", "1-2"),
        ("a-b", "[-a]+", "1-2"),
        ("a^b", "[a^]+", "1-2"),
        ("x1-y", "[%a-]", "1-1"),
        ("-", "[%a-z]", "1-1"),
        ("a%]", "[%]]", "3-3"),
        ("a%]", "[%%]", "2-2"),
        ("z", "[z-a]", "nil"),
        ("ab\0c", "[\0]", "3-3"),
        ("0123456789", "[%D5-7]+", "6-8"),
        ("a[b", "[[]", "2-2"),
    ]);
}

#[test]
fn repetitions() {
    check(&[
        ("aaab", "a*", "1-3"),
        ("aaa", "^.*$", "1-3"),
        ("aaa", "b*", "1-0"),
        ("aaa", "ab*a", "1-2"),
        ("aba", "ab*a", "1-3"),
        ("aaab", "a+", "1-3"),
        ("aaab", "^.+b$", "1-4"),
        ("aaa", "b+", "nil"),
        ("aaa", "ab+a", "nil"),
        ("aaab", "a-", "1-0"),
        ("aaa", "^.-$", "1-3"),
        ("aabaaabaaabaaaba", "b.*b", "3-15"),
        ("aabaaabaaabaaaba", "b.-b", "3-7"),
        ("alo xo", ".o$", "5-6"),
        (" \n isto é assim", "%S%S*", "4-7"),
        ("aaa", "a?", "1-1"),
        ("ab", "^a?b?c?$", "1-2"),
        ("aab", "a?ab", "1-3"),
        ("ab", "a?ab", "1-2"),
        ("0alo alo", "%x*", "1-2"),
        ("alo alo", "%C+", "1-7"),
        ("$$$", "$*", "1-3"),
        ("a$a", "$", "4-3"),
        ("a$a", "$a", "2-3"),
        ("a$", "^a$", "nil"),
        ("a^", "a^", "1-2"),
        ("key = value", "^(%w+)%s*=%s*(%w+)$", "1-11 \"key\" \"value\""),
        ("xxyx", "x*x$", "4-4"),
        ("aaaa", "a*aa", "1-4"),
        ("-*+", "%-%*%+", "1-3"),
        ("*", "*", "1-1"),
        ("+a", "^+a", "1-2"),
        ("]]]ab", "[^]]", "4-4"),
    ]);
}

#[test]
fn captures() {
    check(&[
        ("hello world", "(%w+) (%w+)", "1-11 \"hello\" \"world\""),
        ("0123456789", "(.+(.?)())", "1-10 \"0123456789\" \"\" @11"),
        ("alo", "()", "1-0 @1"),
        ("alo", "l()", "2-2 @3"),
        ("abab", "(a(b))%1", "1-4 \"ab\" \"b\""),
        ("=======", "^(=*)=%1$", "1-7 \"===\""),
        ("==========", "^([=]*)=%1$", "nil"),
        ("aaab", "(a*(.)%w(%s*))", "1-4 \"aaab\" \"a\" \"\""),
        ("abc", "(a)(b)(c)", "1-3 \"a\" \"b\" \"c\""),
        ("aa", "(())%1", "1-0 \"\" @1"),
        ("aa", "()%1", "nil"),
        ("xyxy", "((x)(y))%1", "1-4 \"xy\" \"x\" \"y\""),
        ("abcabd", "(a?)(b?)c", "1-3 \"a\" \"b\""),
    ]);
}

#[test]
fn balance_and_frontier() {
    check(&[
        ("alo 'oi' alo", "%b''", "5-8"),
        ("f(a(b)c)d)", "%b()", "2-8"),
        ("((a)", "%b()", "2-4"),
        ("(((", "%b()", "nil"),
        ("xaxbx", "%bxx", "1-3"),
        ("THE (quick) fox", "%f[%a]%a+%f[%A]", "1-3"),
        ("aaa aab", "%f[%a].%f[%A]", "nil"),
        ("a aa", "%f[%a]a%f[%A]", "1-1"),
        ("[[]] [][] [[[[", "%f[[].", "1-1"),
        ("01abc45", "%f[%d]", "1-0"),
        ("01abc45", "%f[%D]%a", "3-3"),
        ("abc", "%f[\0]", "4-3"),
        (" alo aalo allo", "%f[%S](.-%f[%s].-%f[%S])", "2-5 \"alo \""),
    ]);
}

#[test]
fn errors() {
    let many = "(a)".repeat(33);
    check(&[
        ("abc", "%", "malformed pattern (ends with '%')"),
        ("abc", "a%", "malformed pattern (ends with '%')"),
        ("abc", "x%", "nil"),
        ("abc", "[a", "malformed pattern (missing ']')"),
        ("abc", "[]", "malformed pattern (missing ']')"),
        ("abc", "[^]", "malformed pattern (missing ']')"),
        ("abc", "[a%]", "malformed pattern (missing ']')"),
        ("abc", "[a%", "malformed pattern (missing ']')"),
        ("abc", "%b", "malformed pattern (missing arguments to '%b')"),
        ("abc", "%ba", "malformed pattern (missing arguments to '%b')"),
        ("abc", "%f", "missing '[' after '%f' in pattern"),
        ("abc", "%fa", "missing '[' after '%f' in pattern"),
        ("abc", "(a", "1-1 unfinished capture"),
        ("abc", "a)", "invalid pattern capture"),
        ("abc", "(a)(b))", "invalid pattern capture"),
        ("abc", "%1", "invalid capture index %1"),
        ("abc", "(a%1)", "invalid capture index %1"),
        ("abc", "(a)%3", "invalid capture index %3"),
        ("abc", "%0", "invalid capture index %0"),
        (&"a".repeat(40), &many, "too many captures"),
        ("bbb", &many, "nil"),
    ]);
    assert_eq!(Captures::default().get(4), Err(PatternError::CaptureIndex(5)));
}

#[test]
fn depth_is_bounded() {
    let subject = "a".repeat(80);
    assert_eq!(show(&subject, &".?".repeat(80)), "1-80");
    // Optional items that may give back nest; the last ones match nothing.
    let subject = "a".repeat(100_000);
    assert_eq!(
        show(&subject, &format!("{}b", "a?".repeat(100_000))),
        "pattern too complex"
    );
    assert_eq!(show(&subject, &format!("{}b", "a-".repeat(300))), "pattern too complex");
    assert_eq!(show(&subject, &format!("{}$", "x".repeat(200_000))), "nil");
    assert_eq!(show(&subject[..2000], ".-b"), "nil");
}

struct Budget(u64);

impl Meter for Budget {
    type Stop = &'static str;

    fn charge(&mut self, steps: u64) -> Result<(), &'static str> {
        self.0 = self.0.checked_sub(steps).ok_or("out of fuel")?;
        Ok(())
    }
}

#[test]
fn backtracking_pays() {
    let mut captures = Captures::default();
    let subject = b"a".repeat(60);
    for pattern in ["a*a*a*a*a*a*a*a*a*b", ".-.-.-.-.-.-.-.-.-b", "(a*)*b.-.-.-%1c"] {
        let compiled = Pattern::compile(pattern.as_bytes(), true);
        let result = compiled.find(&subject, 0, &mut captures, &mut Budget(1_000_000));
        assert!(
            matches!(result, Err(MatchError::Stopped("out of fuel")) | Ok(false)),
            "{pattern}: {result:?}"
        );
    }
    let hostile = Pattern::compile(b"a*a*a*a*a*a*a*a*a*b", true);
    assert_eq!(
        hostile.find(&subject, 0, &mut captures, &mut Budget(1_000_000)),
        Err(MatchError::Stopped("out of fuel"))
    );
    let unbalanced = Pattern::compile(b"%b()", true);
    let openings = b"(".repeat(100_000);
    assert!(
        unbalanced
            .find(&openings, 0, &mut captures, &mut Budget(1_000_000))
            .is_err()
    );
    let cheap = Pattern::compile(b"^%w+$", true);
    let mut budget = Budget(1_000_000);
    assert_eq!(
        cheap.find(&b"a".repeat(80_000), 0, &mut captures, &mut budget),
        Ok(true)
    );
    assert!((900_000..1_000_000).contains(&budget.0), "{}", budget.0);
}

#[test]
fn plain_search() {
    assert!(is_plain(b"hello world"));
    assert!(!is_plain(b"a.b"));
    assert!(!is_plain(b"a-b"));
    assert!(is_plain(b"a]b)"));
    let long = [b"ab".repeat(100), b"abc".to_vec()].concat();
    for (haystack, needle, expected) in [
        (&b"hello"[..], &b"l"[..], Some(2)),
        (b"hello", b"lo", Some(3)),
        (b"hello", b"", Some(0)),
        (b"", b"", Some(0)),
        (b"", b"x", None),
        (b"hello", b"hello!", None),
        (b"aaab", b"aab", Some(1)),
        (&long, b"abc", Some(200)),
        (&long, b"abd", None),
    ] {
        assert_eq!(find_plain(haystack, needle), expected);
    }
}

#[test]
fn unanchored_caret() {
    let pattern = Pattern::compile(b"^a", false);
    let mut captures = Captures::default();
    assert_eq!(pattern.find(b"b^a", 0, &mut captures, &mut Unmetered), Ok(true));
    assert_eq!((captures.start, captures.end), (1, 3));
    assert!(!pattern.is_anchored());
    assert_eq!(pattern.match_at(b"b^a", 0, &mut captures, &mut Unmetered), Ok(false));
    assert_eq!(pattern.match_at(b"b^a", 1, &mut captures, &mut Unmetered), Ok(true));
}

#[test]
fn byte_sets() {
    let digits = ByteSet::class(b'd');
    assert!(digits.contains(b'5') && !digits.contains(b'a'));
    assert!(ByteSet::class(b'D').contains(b'a'));
    assert!(digits.is_disjoint(&ByteSet::class(b'a')));
    assert_eq!(digits.union(ByteSet::class(b'D')), ByteSet::FULL);
}

/// A direct reading of the reference manual, exponential and unmetered, for short inputs.
mod naive {
    use super::super::Pattern;
    use super::super::compile::{Node, Single};

    pub fn go(p: &Pattern, s: &[u8], at: usize, node: usize) -> Option<usize> {
        let one = |single: Single, at: usize| at < s.len() && p.single_set(single).contains(s[at]);
        match p.nodes[node] {
            Node::One(x) => one(x, at).then(|| go(p, s, at + 1, node + 1)).flatten(),
            Node::Star(x) | Node::StarAll(x) => {
                let taken = if one(x, at) { go(p, s, at + 1, node) } else { None };
                taken.or_else(|| go(p, s, at, node + 1))
            }
            Node::Lazy(x) => go(p, s, at, node + 1).or_else(|| if one(x, at) { go(p, s, at + 1, node) } else { None }),
            Node::Optional(x) | Node::OptionalAll(x) => {
                let taken = if one(x, at) { go(p, s, at + 1, node + 1) } else { None };
                taken.or_else(|| go(p, s, at, node + 1))
            }
            Node::SubjectEnd => (at == s.len()).then(|| go(p, s, at, node + 1)).flatten(),
            Node::Accept => Some(at),
            _ => go(p, s, at, node + 1),
        }
    }
}

#[test]
fn agrees_with_a_naive_matcher() {
    let items = ["a", "b", ".", "%a", "[ab]", "[^a]"];
    let suffixes = ["", "*", "+", "-", "?"];
    let mut seed = 12345u64;
    let mut next = |n: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..1 + next(4) {
            text += items[next(items.len())];
            text += suffixes[next(suffixes.len())];
        }
        if next(3) == 0 {
            text.push('$');
        }
        let subject: Vec<u8> = (0..next(7)).map(|_| b"abc"[next(3)]).collect();
        let pattern = Pattern::compile(text.as_bytes(), true);
        let mut captures = Captures::default();
        let found = pattern.find(&subject, 0, &mut captures, &mut Unmetered).expect("valid");
        let expected = (0..=subject.len()).find_map(|at| Some((at, naive::go(&pattern, &subject, at, 0)?)));
        let found = found.then_some((captures.start, captures.end));
        assert_eq!(found, expected, "{text:?} on {subject:?}");
    }
}
