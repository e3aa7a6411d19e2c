//! What a world will be: all of it follows from the seed, and may be cut down by hand.

use std::{collections::BTreeSet, fmt, time::Duration};

use crate::{
    aws::MappingKind,
    chance::Chance,
    mix::{Fault, Mix},
    scenes::SceneName,
    setting::Setting,
};

/// The longest that clients come.
const LASTS_SECONDS: f64 = 20.0 * 60.0;
const CLIENTS_MAX: usize = 12;

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub scene: SceneName,
    pub setting: Setting,
    /// As it was cut down, to be told again.
    cuts: Cuts,
}

/// What is taken away from what the seed says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cuts {
    pub scene: Option<SceneName>,
    pub without: BTreeSet<Fault>,
    pub clients: Option<usize>,
    pub seconds: Option<u64>,
}

impl Plan {
    pub fn new(seed: u64, cuts: &Cuts) -> Self {
        let chance = Chance::new(seed, "plan");
        // Drawn in any case, so that a cut changes nothing else.
        let scene = SceneName::draw(&chance);
        let clients = 1 + chance.below(CLIENTS_MAX);
        let lasts = chance.seconds(60.0, LASTS_SECONDS);
        let mapping = *chance.one_of(&[MappingKind::Sqs, MappingKind::AmazonMq]);
        let scene = cuts.scene.unwrap_or(scene);
        let mut mix = Mix::draw(&chance, &BTreeSet::new());
        mix.0.retain(|fault, _| !cuts.without.contains(fault) && scene.survives(*fault));
        let clients = cuts.clients.map_or(clients, |most| most.min(clients));
        let lasts = cuts.seconds.map_or(lasts, |most| lasts.min(Duration::from_secs(most)));
        let setting = Setting { seed, mix, mapping, clients, lasts };
        Self { scene, setting, cuts: cuts.clone() }
    }

    /// The same world with more taken away.
    #[must_use]
    pub fn cut(&self, more: impl FnOnce(&mut Cuts)) -> Self {
        let mut cuts = self.cuts.clone();
        more(&mut cuts);
        Self::new(self.setting.seed, &cuts)
    }
}

/// As the command's options: `--seed 7 --without killed,frozen`.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--seed {}", self.setting.seed)?;
        let Cuts { scene, without, clients, seconds } = &self.cuts;
        if let Some(scene) = scene {
            write!(f, " --context {scene}")?;
        }
        if !without.is_empty() {
            let names: Vec<_> = without.iter().map(ToString::to_string).collect();
            write!(f, " --without {}", names.join(","))?;
        }
        if let Some(clients) = clients {
            write!(f, " --clients {clients}")?;
        }
        if let Some(seconds) = seconds {
            write!(f, " --seconds {seconds}")?;
        }
        Ok(())
    }
}
