//! Every committed input, and seeded mutations of it, through its target.

use std::fs;
use std::path::Path;

use fuzz::TARGETS;

/// Of each input.
const MUTATIONS: u64 = 400;
/// The same, for targets that set up whole sessions in every run.
const FEW_MUTATIONS: u64 = 40;
const SLOW: [&str; 3] = ["datagram", "descriptor", "offer"];

#[test]
fn every_corpus_runs_through_its_target() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut inputs: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{name} has no corpus");
        let mutations = if SLOW.contains(name) { FEW_MUTATIONS } else { MUTATIONS };
        for path in inputs {
            let input = fs::read(&path).unwrap();
            target(&input);
            for seed in 0..mutations {
                target(&mutated(&input, seed));
            }
        }
    }
}

/// The input with a few bytes flipped, cut, doubled or put in, as the seed says.
fn mutated(input: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len().max(1));
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), random.byte()),
            2 => {
                let chunk: Vec<_> = bytes.iter().skip(at).take(16).copied().collect();
                bytes.splice(at.min(bytes.len())..at.min(bytes.len()), chunk);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= random.byte();
                }
            }
        }
    }
    bytes
}

/// Xorshift: enough to vary inputs, and the same on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}
