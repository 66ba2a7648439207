//! Why a cluster could not be opened or founded.

use super::sqlite::DiskError;
use super::{NODES_MAX, bootstrap};
use crate::files::FileError;
use crate::model::text::NodeId;
use std::io;
use std::path::{Path, PathBuf};

/// Why a cluster could not be opened. Nothing that it holds was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A size that no cluster can have.
    #[error("a cluster has 1 to {NODES_MAX} nodes; asked for {asked}")]
    Nodes {
        /// The size asked for.
        asked: u64,
    },
    /// Another process serves this directory.
    #[error("{} is in use by another process", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// The cluster has another size.
    #[error(
        "the cluster has {found} nodes, fixed by its founding; asked for {asked}: leave --nodes out, or name another data directory"
    )]
    Size {
        /// The size asked for.
        asked: u64,
        /// The size that the founding fixed.
        found: u64,
    },
    /// The directory holds a cluster of another name.
    #[error(
        "the directory holds the cluster \"{found}\" (environment and name); asked for \"{asked}\": correct [control] in the settings or --environment, or name another data directory"
    )]
    Foreign {
        /// Environment and name asked for.
        asked: String,
        /// Environment and name that the founding fixed.
        found: String,
    },
    /// The files of no node can be used.
    #[error("the files of no node can be used; {why}")]
    NoNode {
        /// What is wrong with those of the first one, as a clause.
        why: String,
    },
    /// There is no cluster.
    #[error("{} holds no cluster; `aerodb-control init` founds one", dir.display())]
    NotFounded {
        /// The directory.
        dir: PathBuf,
    },
    /// A founding was interrupted.
    #[error(
        "the founding in {} did not come to its end, and nothing was served: `aerodb-control init` completes it",
        dir.display()
    )]
    FoundingUnfinished {
        /// The directory.
        dir: PathBuf,
    },
    /// The cluster metadata says that nobody was ever appointed, and nothing says that a founding is under
    /// way.
    #[error(
        "{} is older than it was: nobody was appointed by it, and no founding is under way",
        dir.join(bootstrap::METADATA_FILE).display()
    )]
    NeverAppointed {
        /// The directory.
        dir: PathBuf,
    },
    /// A cluster is founded in a place that holds nothing.
    #[error(
        "{} is not empty: it holds {found}; a cluster is founded in an empty directory only",
        dir.display()
    )]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// The first of the names in it.
        found: String,
    },
    /// A founding that was interrupted left less than this.
    #[error(
        "{} holds more than a founding writes, or is damaged: it is neither completed nor replaced",
        node.display()
    )]
    MoreThanFounded {
        /// The directory of the node.
        node: PathBuf,
    },
    /// A restore was interrupted.
    #[error(
        "a restore did not come to its end and left {}: restore again, or remove it",
        left.display()
    )]
    RestoreUnfinished {
        /// What it left.
        left: PathBuf,
    },
    /// There are nodes, and nothing says of which cluster.
    #[error(
        "{} is missing, and there are nodes or its seal: it is lost, and is not made anew",
        dir.join(bootstrap::METADATA_FILE).display()
    )]
    MetadataMissing {
        /// The directory.
        dir: PathBuf,
    },
    /// The file of a node that is new cannot be made.
    #[error("the store of {node} cannot be made: {source}")]
    Node {
        /// The node.
        node: NodeId,
        /// Why.
        source: DiskError,
    },
    /// The cluster metadata cannot be used.
    #[error("the switchboard in {} cannot be used: {source}", dir.display())]
    ClusterMetadata {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: DiskError,
    },
    /// The founding did not come to its end.
    #[error("{why}")]
    Founding {
        /// Why.
        why: String,
    },
    /// A file or directory cannot be made or locked.
    #[error(transparent)]
    File(FileError),
    /// A file or directory cannot be used.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<FileError> for OpenError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Locked { dir } => Self::Locked { dir },
            other => Self::File(other),
        }
    }
}

impl OpenError {
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }

    pub(super) fn metadata(dir: &Path, source: DiskError) -> Self {
        Self::ClusterMetadata { dir: dir.to_owned(), source }
    }
}
