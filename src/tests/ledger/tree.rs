//! The tree against one that is computed from the definition, for every size up to a few tiles, and
//! every proof with each of its parts bent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aerodb_control::ledger::tree::*;
use aerodb_control::model::canonical::Hash;
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Enough leaves for two full tiles and an edge.
const SIZE: usize = 700;

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
}

/// RFC 6962, section 2.1, word for word.
fn naive(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(b""),
        [leaf] => *leaf,
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            node_hash(naive(&leaves[..k]), naive(&leaves[k..]))
        }
    }
}

/// The hash of a subtree, straight from the leaves.
fn of(leaves: &[Hash]) -> impl Fn(Subtree) -> Result<Hash, Infallible> {
    |node| {
        let start = usize::try_from(node.index << node.height).unwrap();
        Ok(naive(&leaves[start..start + (1 << node.height)]))
    }
}

fn bent(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.bytes();
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

#[test]
fn the_hashes_are_those_of_the_public_test_vectors() {
    // The vectors of certificate transparency: eight leaves, and the root of each beginning.
    let data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", SIXTEEN];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Tree::new();
    let none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(tree.root().to_string(), none);
    for (data, root) in data.into_iter().zip(roots) {
        tree.push(Hash::of_leaf(&hex::decode(data).unwrap()));
        assert_eq!(tree.root().to_string(), root);
    }
}

const SIXTEEN: &str = "606162636465666768696a6b6c6d6e6f";

#[test]
fn every_size_has_the_root_of_the_definition_and_resumes_from_its_edge() {
    let leaves = leaves(SIZE);
    let mut tree = Tree::new();
    let mut tiles: BTreeMap<(u32, u64), Tile> = BTreeMap::new();
    for size in 0..=SIZE {
        assert_eq!(tree.root(), naive(&leaves[..size]), "{size}");
        assert_eq!(root(size as u64, of(&leaves)), Ok(tree.root()), "{size}");
        let resumed = Tree::resume(size as u64, |level, start, count| {
            let hashes = (start..start + count as u64).map(|at| match level {
                0 => leaves[usize::try_from(at).unwrap()],
                _ => perfect_root(&tiles[&(level - 1, at)].hashes).unwrap(),
            });
            Ok::<_, Infallible>(hashes.collect())
        });
        let resumed = resumed.unwrap().unwrap();
        assert_eq!(resumed.root(), tree.root());
        assert_eq!(resumed.edge().collect::<Vec<_>>(), tree.edge().collect::<Vec<_>>());
        if let Some(leaf) = leaves.get(size) {
            for tile in tree.push(*leaf) {
                assert_eq!(tile.hashes.len(), TILE_WIDTH);
                assert_eq!(tile_hashes(&tile.bytes()), Some(tile.hashes.clone()));
                assert_eq!(tiles.insert((tile.level, tile.index), tile), None, "a tile fills once");
            }
        }
    }
    assert_eq!(tiles.keys().copied().collect::<Vec<_>>(), [(0, 0), (0, 1)]);
    assert_eq!(tiles[&(0, 1)].hashes, leaves[256..512]);
    let edge: Vec<_> = tree.edge().map(|t| (t.level, t.index, t.hashes.len())).collect();
    assert_eq!(edge, [(0, 2, 188), (1, 0, 2)]);
}

#[test]
fn the_second_level_fills_with_the_roots_of_the_first() {
    let count = TILE_WIDTH * TILE_WIDTH + 1;
    let mut tree = Tree::new();
    let (mut low, mut high) = (Vec::new(), Vec::new());
    for leaf in leaves(count) {
        for tile in tree.push(leaf) {
            if tile.level == 0 { low.push(tile) } else { high.push(tile) }
        }
    }
    let roots: Vec<_> = low.iter().map(|tile| perfect_root(&tile.hashes).unwrap()).collect();
    assert_eq!(high, [Tile { level: 1, index: 0, hashes: roots }]);
    assert_eq!(levels(count as u64), 3);
    let edge: Vec<_> = tree.edge().map(|t| (t.level, t.index, t.hashes.len())).collect();
    assert_eq!(edge, [(0, 256, 1), (2, 0, 1)]);
    assert_eq!(tree.root(), naive(&leaves(count)));
}

#[test]
fn an_edge_with_another_number_of_hashes_is_not_resumed() {
    let short = Tree::resume(3, |_, _, _| Ok::<_, Infallible>(leaves(2)));
    assert_eq!(short, Ok(None));
    assert_eq!(Tree::resume(3, |_, _, _| Err("unreadable")), Err("unreadable"));
}

#[test]
fn a_tile_is_whole_hashes() {
    for bad in [0, 1, 31, 33, 32 * 257] {
        assert_eq!(tile_hashes(&vec![0; bad]), None, "{bad}");
    }
    assert_eq!(perfect_root(&leaves(3)), None);
    assert_eq!(perfect_root(&[]), None);
}

#[test]
fn every_proof_of_inclusion_is_good_and_no_bent_one_is() {
    let leaves = leaves(SIZE);
    let mut bends = 0;
    for size in (1..=40).chain([255, 256, 257, 511, 512, 513, SIZE]) {
        let root = naive(&leaves[..size]);
        let stride = if size > 40 { 37 } else { 1 };
        for index in (0..size).step_by(stride) {
            let (at, of_size) = (index as u64, size as u64);
            let path = inclusion(at, of_size, of(&leaves)).unwrap().unwrap();
            let check =
                |at, leaf, path: &[Hash], root| verify_inclusion(at, of_size, leaf, path, root);
            assert_eq!(check(at, leaves[index], &path, root), Ok(()), "{index} of {size}");
            assert!(check(at, bent(leaves[index], index), &path, root).is_err());
            assert!(check(at, leaves[index], &path, bent(root, index)).is_err());
            assert_eq!(check(of_size, leaves[index], &path, root), Err(ProofError::Outside));
            if size > 1 {
                let other = (at + 1) % of_size;
                assert!(check(other, leaves[index], &path, root).is_err(), "another place");
                let short = &path[..path.len() - 1];
                assert!(check(at, leaves[index], short, root).is_err(), "one hash less");
            }
            let long = [path.as_slice(), &[root]].concat();
            assert!(check(at, leaves[index], &long, root).is_err(), "one hash more");
            for part in 0..path.len() {
                let mut path = path.clone();
                path[part] = bent(path[part], index + part * 8);
                assert_eq!(check(at, leaves[index], &path, root), Err(ProofError::Root));
                bends += 1;
            }
        }
    }
    println!("{bends} bent proofs of inclusion, all refused");
    assert!(bends > 4_000);
    assert_eq!(inclusion(7, 7, of(&leaves)), Ok(None), "a leaf that is not there");
}

#[test]
fn every_proof_of_consistency_is_good_and_no_bent_one_is() {
    let leaves = leaves(SIZE);
    let seen = |size: usize| TreeHead { size: size as u64, root: naive(&leaves[..size]) };
    let mut bends = 0;
    for to in (1..=40).chain([255, 256, 257, 511, 512, 513, SIZE]) {
        let stride = if to > 40 { 37 } else { 1 };
        for from in (1..=to).step_by(stride) {
            let (before, after) = (seen(from), seen(to));
            let path = consistency(before.size, after.size, of(&leaves)).unwrap().unwrap();
            assert_eq!(verify_consistency(before, after, &path), Ok(()), "{from} to {to}");
            let other = TreeHead { root: bent(before.root, from), ..before };
            assert!(verify_consistency(other, after, &path).is_err(), "another past");
            let other = TreeHead { root: bent(after.root, from), ..after };
            assert!(verify_consistency(before, other, &path).is_err(), "another present");
            let long = [path.as_slice(), &[after.root]].concat();
            assert!(verify_consistency(before, after, &long).is_err(), "one hash more");
            for part in 0..path.len() {
                let mut path = path.clone();
                path[part] = bent(path[part], from + part * 8);
                assert_eq!(verify_consistency(before, after, &path), Err(ProofError::Root));
                path.truncate(part);
                assert!(verify_consistency(before, after, &path).is_err(), "cut");
                bends += 1;
            }
        }
    }
    println!("{bends} bent proofs of consistency, all refused");
    assert!(bends > 4_000);
}

#[test]
fn a_log_that_shrank_is_no_continuation_and_the_empty_one_needs_no_proof() {
    let leaves = leaves(9);
    let seen = |size: usize| TreeHead { size: size as u64, root: naive(&leaves[..size]) };
    assert_eq!(verify_consistency(seen(9), seen(8), &[]), Err(ProofError::Outside));
    assert_eq!(consistency(9, 8, of(&leaves)), Ok(None));
    assert_eq!(consistency(0, 8, of(&leaves)), Ok(None));
    assert_eq!(verify_consistency(seen(0), seen(8), &[]), Ok(()));
    let other = TreeHead { size: 0, root: leaves[0] };
    assert_eq!(verify_consistency(other, seen(8), &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency(seen(0), seen(8), &[leaves[0]]), Err(ProofError::Length));
    let forked = TreeHead { root: leaves[1], ..seen(8) };
    assert_eq!(verify_consistency(forked, seen(8), &[]), Err(ProofError::Root));
}
