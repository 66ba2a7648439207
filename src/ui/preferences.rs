//! How one browser wants the console to look and to listen. It is no fact of the cluster, and is kept by
//! nobody but that browser.

/// Light, dark, or as the system of the reader says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Every theme, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The theme in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Parses the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.word() == text)
    }

    /// What the page tells the browser about its colours.
    #[must_use]
    pub fn color_scheme(self) -> &'static str {
        match self {
            Self::Auto => "light dark",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Whether keys do anything. They never act: they show help, move the focus, and lead to pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyShortcuts {
    /// `?`, `/` and the palette are listened to.
    #[default]
    On,
    /// No key is listened to.
    Off,
}

impl KeyShortcuts {
    /// Both, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::On, Self::Off];

    /// The setting in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// Parses the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|keys| keys.word() == text)
    }
}

/// What one browser prefers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The colours.
    pub theme: Theme,
    /// The single keys.
    pub keys: KeyShortcuts,
}

impl Preferences {
    /// Parses `THEME.KEYS`, as a cookie carries it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (theme, keys) = text.split_once('.')?;
        Some(Self { theme: Theme::parse(theme)?, keys: KeyShortcuts::parse(keys)? })
    }
}

impl std::fmt::Display for Preferences {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.theme.word(), self.keys.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_read_back_and_nothing_else_is_one() {
        for bad in ["", ".", "dark", "dark.", "DARK.on", "dark.on.", "dark.on.on", "blue.on"] {
            assert_eq!(Preferences::parse(bad), None, "{bad:?}");
        }
        for theme in Theme::ALL {
            for keys in KeyShortcuts::ALL {
                let both = Preferences { theme, keys };
                assert_eq!(Preferences::parse(&both.to_string()), Some(both));
            }
        }
    }
}
