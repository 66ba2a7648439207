//! An answer that is too long to be held, line by line as it arrives.

use super::{ANSWER_BYTES_MAX, ApiClient, ORDER_TIMEOUT};
use crate::cli::failure::{Failure, RequestEffect};
use std::io::{BufRead as _, BufReader, Read as _};

impl ApiClient<'_> {
    /// Reads a file line by line. `take` is given each with its line end, and says whether it wants more.
    ///
    /// # Errors
    /// A refusal, where nothing was given to `take`; and what broke the file off, where something was.
    pub(in crate::cli) fn download(
        &self,
        path: &str,
        query: &[(&str, String)],
        mut take: impl FnMut(&str) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let pairs = query.iter().map(|(name, value)| (*name, value.as_str()));
        let mut request = self.agent.get(self.url.of(path)).query_pairs(pairs);
        // A million records take longer than any page.
        request = request.config().timeout_global(Some(ORDER_TIMEOUT)).build();
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = self.answered(request.call(), RequestEffect::Read)?;
        let cut_off = |why: String| {
            let asked = RequestEffect::Read;
            Failure::Begun(Box::new(Failure::Unanswered { url: self.url.clone(), why, asked }))
        };
        if !response.status().is_success() {
            let answer = self.text::<()>(response, RequestEffect::Read);
            let other = || cut_off("a status that is neither a success nor a refusal".to_owned());
            return Err(answer.err().unwrap_or_else(other));
        }
        let mut body = BufReader::new(response.into_body().into_reader());
        let mut line = String::new();
        loop {
            line.clear();
            let mut part = (&mut body).take(ANSWER_BYTES_MAX);
            match part.read_line(&mut line) {
                Ok(0) => return Ok(()),
                Ok(read) if u64::try_from(read).is_ok_and(|read| read < ANSWER_BYTES_MAX) => {}
                Ok(_) => return Err(cut_off("a line that is longer than any record".to_owned())),
                Err(error) => return Err(cut_off(error.to_string())),
            }
            if !take(&line)? {
                return Ok(());
            }
        }
    }
}
