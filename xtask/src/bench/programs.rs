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

pub const PROGRAMS: &[Program] = &[
    Program {
        name: "a1_fib",
        size: "35",
        quick: "32",
        small: "10",
    },
    Program {
        name: "a2_tak",
        size: "45",
        quick: "9",
        small: "1 500",
    },
    Program {
        name: "a3_queens",
        size: "12",
        quick: "11",
        small: "5",
    },
    Program {
        name: "a4_dispatch",
        size: "1800000",
        quick: "360000",
        small: "100",
    },
    Program {
        name: "b1_nbody",
        size: "450000",
        quick: "90000",
        small: "20",
    },
    Program {
        name: "b2_spectral",
        size: "880",
        quick: "394",
        small: "6",
    },
    Program {
        name: "b3_mandel",
        size: "920",
        quick: "411",
        small: "8",
    },
    Program {
        name: "b4_fannkuch",
        size: "9",
        quick: "8",
        small: "4",
    },
    Program {
        name: "b5_bits",
        size: "9000",
        quick: "1800",
        small: "2",
    },
    Program {
        name: "c1_sieve",
        size: "28",
        quick: "6",
        small: "1 1000",
    },
    Program {
        name: "c2_matmul",
        size: "250",
        quick: "146",
        small: "6",
    },
    Program {
        name: "c3_sorting",
        size: "160000",
        quick: "32000",
        small: "60",
    },
    Program {
        name: "c4_scheduler",
        size: "110",
        quick: "22",
        small: "1 200",
    },
    Program {
        name: "c5_hashes",
        size: "800000",
        quick: "160000",
        small: "100",
    },
    Program {
        name: "d1_strbuild",
        size: "200000",
        quick: "40000",
        small: "50",
    },
    Program {
        name: "d2_patterns",
        size: "50000",
        quick: "10000",
        small: "10",
    },
    Program {
        name: "d3_lexer",
        size: "850",
        quick: "170",
        small: "1",
    },
    Program {
        name: "d4_kmers",
        size: "250000",
        quick: "50000",
        small: "100",
    },
    Program {
        name: "e1_bintrees",
        size: "15",
        quick: "13",
        small: "4 20",
    },
    Program {
        name: "e2_lists",
        size: "520",
        quick: "104",
        small: "1",
    },
    Program {
        name: "e3_gcmix",
        size: "17",
        quick: "3",
        small: "5 400",
    },
    Program {
        name: "f1_coroutines",
        size: "370",
        quick: "74",
        small: "1",
    },
    Program {
        name: "f2_closures",
        size: "350",
        quick: "70",
        small: "1",
    },
    Program {
        name: "f3_errors",
        size: "480",
        quick: "96",
        small: "1",
    },
    Program {
        name: "g1_toolbox",
        size: "190",
        quick: "38",
        small: "1",
    },
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
            let source =
                std::fs::read_to_string(folder.join(format!("{}.lua", program.name))).unwrap();
            assert!(
                source.contains(&format!("tonumber(arg and arg[1]) or {}\n", program.size)),
                "{}",
                program.name
            );
            assert!(GROUPS.iter().any(|(letter, _)| *letter == program.group()));
        }
    }
}
