//! The programs of the suite and their sizes.

/// Sizes are the arguments of a program; the first is its size proper.
#[derive(Debug)]
pub struct Program {
    pub name: &'static str,
    /// What a run without arguments uses; `NAME.out` belongs to it.
    pub size: &'static str,
    /// About a fifth of the work; `quick/NAME.out` belongs to it.
    pub quick: &'static str,
    /// For runs that collect at every safepoint; `small/NAME.out` belongs to it.
    pub small: &'static str,
}

impl Program {
    /// The letter before the number: `a` to `g`.
    pub fn group(&self) -> char {
        self.name.chars().next().expect("names are not empty")
    }

    /// Programs with 64-bit integers and bit operators, which Lua has since 5.3.
    pub fn needs_integers(&self) -> bool {
        self.name == "b5_bits"
    }

    pub fn small_args(&self) -> Vec<String> {
        self.small.split(' ').map(str::to_owned).collect()
    }
}

/// What the letters of the groups stand for.
pub const GROUPS: &[(char, &str)] = &[
    ('a', "calls and recursion"),
    ('b', "numeric"),
    ('c', "tables and objects"),
    ('d', "strings and patterns"),
    ('e', "allocation and GC"),
    ('f', "coroutines, closures, errors"),
    ('g', "comprehensive"),
];

const fn program(name: &'static str, size: &'static str, quick: &'static str, small: &'static str) -> Program {
    Program {
        name,
        size,
        quick,
        small,
    }
}

pub const PROGRAMS: &[Program] = &[
    program("a1_fib", "35", "32", "10"),
    program("a2_tak", "45", "9", "1 500"),
    program("a3_queens", "12", "11", "5"),
    program("a4_dispatch", "1800000", "360000", "100"),
    program("b1_nbody", "450000", "90000", "20"),
    program("b2_spectral", "880", "394", "6"),
    program("b3_mandel", "920", "411", "8"),
    program("b4_fannkuch", "9", "8", "4"),
    program("b5_bits", "9000", "1800", "2"),
    program("c1_sieve", "28", "6", "1 1000"),
    program("c2_matmul", "250", "146", "6"),
    program("c3_sorting", "160000", "32000", "60"),
    program("c4_scheduler", "110", "22", "1 200"),
    program("c5_hashes", "800000", "160000", "100"),
    program("d1_strbuild", "200000", "40000", "50"),
    program("d2_patterns", "50000", "10000", "10"),
    program("d3_lexer", "850", "170", "1"),
    program("d4_kmers", "250000", "50000", "100"),
    program("e1_bintrees", "15", "13", "4 20"),
    program("e2_lists", "520", "104", "1"),
    program("e3_gcmix", "17", "3", "5 400"),
    program("f1_coroutines", "370", "74", "1"),
    program("f2_closures", "350", "70", "1"),
    program("f3_errors", "480", "96", "1"),
    program("g1_toolbox", "190", "38", "1"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_program_lies_in_the_folder_with_its_outputs() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benchmarks/programs");
        for program in PROGRAMS {
            for file in ["NAME.lua", "NAME.out", "quick/NAME.out", "small/NAME.out"] {
                let path = folder.join(file.replace("NAME", program.name));
                assert!(path.is_file(), "{}", path.display());
            }
            let source = std::fs::read_to_string(folder.join(format!("{}.lua", program.name))).unwrap();
            assert!(
                source.contains(&format!("tonumber(arg and arg[1]) or {}\n", program.size)),
                "{}",
                program.name
            );
            assert!(GROUPS.iter().any(|(letter, _)| *letter == program.group()));
        }
    }
}
