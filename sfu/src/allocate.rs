//! Which encodings of the wished tracks a subscriber's way can carry.

use crate::forward::Layer;
use crate::forward::select::Target;

/// A picture is drawn up to this much larger than it was sent, in percent, before a larger encoding is worth its bits.
const STRETCHED: u32 = 110;
/// What is more than what is sent now must fit with this much to spare, in percent, so that it does not come and go.
const TO_SPARE: u64 = 115;
/// Bit/s of a picture for each of its pixels, where nothing was measured yet.
const BITS_PER_PIXEL: u32 = 2;
/// The most that is assumed of a track's lowest encoding, so that it is tried.
const ASSUMED: u32 = 300_000;

/// What a publisher sends of a track in one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    pub(crate) layer: Layer,
    /// Width and height in pixels.
    pub(crate) size: (u16, u16),
    /// In bit/s with its temporal layers up to the index; 0 where nothing was measured.
    pub(crate) rates: Vec<u32>,
    /// Packets come at the moment.
    pub(crate) is_sent: bool,
}

/// A slot that shows, or is to show, a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) slot: usize,
    pub(crate) is_screen: bool,
    /// The user has chosen it.
    pub(crate) is_pinned: bool,
    /// The size at which it is drawn, in pixels.
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// What is sent at the moment.
    pub(crate) sends: Option<Target>,
    /// The lowest first.
    pub(crate) offered: Vec<Offered>,
}

/// What all slots of a subscriber get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allocation {
    pub(crate) choices: Vec<Choice>,
    /// The bit/s that they take.
    pub(crate) taken: u64,
    /// The bit/s that it would take for all to get what fits their sizes.
    pub(crate) wanted: u64,
}

/// What a slot gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) slot: usize,
    /// `None`: there is no place even for the lowest.
    pub(crate) target: Option<Target>,
    /// The encoding that the publisher is to send for it.
    pub(crate) wanted: Option<Layer>,
    /// All of what fits the size at which it is drawn would be too much.
    pub(crate) is_held_back: bool,
    /// The publisher does not send what fits, though it would.
    pub(crate) is_missing: bool,
}

/// One step on the way from the least that can be sent to what fits the size.
#[derive(Clone, Copy, Debug)]
struct Step {
    target: Target,
    rate: u64,
}

/// Chooses for all slots of one subscriber, whose way can carry so many bit/s of video. First every picture gets the least
/// that there is of it, what the user has chosen first, then screens and the largest; then what was chosen gets all that it can
/// use; what is left goes round in the same order, a step for each.
pub(crate) fn allocate(demands: &[Demand], budget: u64) -> Allocation {
    let ladders: Vec<Vec<Step>> = demands.iter().map(Demand::ladder).collect();
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by_key(|index| {
        let demand = &demands[*index];
        let area = u32::from(demand.width) * u32::from(demand.height);
        (!demand.is_pinned, !demand.is_screen, std::cmp::Reverse(area), demand.slot)
    });
    let mut taken: Vec<Option<usize>> = vec![None; demands.len()];
    let mut left = budget;
    let mut climb = |index: usize| {
        let (ladder, at) = (&ladders[index], taken[index]);
        let next = at.map_or(0, |at| at + 1);
        let Some(step) = ladder.get(next) else {
            return false;
        };
        let more = step.rate.saturating_sub(at.map_or(0, |at| ladder[at].rate));
        let is_new = demands[index].sends.is_none_or(|sends| step.target > sends);
        let needed = if is_new && budget != u64::MAX { more * TO_SPARE / 100 } else { more };
        let fits = needed <= left;
        if fits {
            left -= more;
            taken[index] = Some(next);
        }
        fits
    };
    order.iter().for_each(|index| _ = climb(*index));
    for index in order.iter().filter(|index| demands[**index].is_pinned) {
        while climb(*index) {}
    }
    let mut has_climbed = true;
    while has_climbed {
        has_climbed = false;
        for index in &order {
            has_climbed |= climb(*index);
        }
    }
    let wanted = demands.iter().zip(&ladders).map(|(demand, ladder)| demand.wanted(ladder)).sum();
    let steps = ladders.iter().zip(&taken).filter_map(|(ladder, at)| Some(ladder[(*at)?].rate));
    let sum = steps.sum();
    let choices = demands.iter().zip(ladders.iter().zip(taken));
    let choices = choices.map(|(demand, (ladder, at))| demand.choice((ladder, at), left)).collect();
    Allocation { choices, taken: sum, wanted }
}

impl Demand {
    /// The encoding that fits the size at which it is drawn: the lowest that is large enough, else the highest.
    fn fitting(&self) -> Option<&Offered> {
        let is_enough = |offered: &&Offered| {
            let (width, height) = offered.size;
            let reaches = |sent: u16, drawn: u16| u32::from(sent) * STRETCHED >= u32::from(drawn) * 100;
            reaches(width, self.width) || reaches(height, self.height)
        };
        self.offered.iter().find(is_enough).or(self.offered.last())
    }

    /// What could be sent now, from the least on.
    fn ladder(&self) -> Vec<Step> {
        let Some(fitting) = self.fitting() else {
            return Vec::new();
        };
        let within = |offered: &&Offered| offered.layer <= fitting.layer;
        let lowest = self.offered.iter().find(|offered| offered.is_sent).map(|offered| offered.layer);
        // What is below all that is sent would be asked for where that does not fit.
        let is_in_reach = |offered: &&Offered| offered.is_sent || lowest.is_none_or(|lowest| offered.layer < lowest);
        let mut usable: Vec<&Offered> = self.offered.iter().filter(within).filter(is_in_reach).collect();
        // A publisher that sends none that is small enough.
        if !usable.iter().any(|offered| offered.is_sent) {
            usable.extend(self.offered.iter().find(|offered| offered.is_sent));
        }
        usable.iter().enumerate().flat_map(|(index, offered)| self.steps(offered, index == 0)).collect()
    }

    /// The steps of an encoding that are worth sending.
    fn steps(&self, offered: &Offered, is_lowest: bool) -> impl Iterator<Item = Step> {
        // Half the pictures of a large camera are better than all of a small one, a quarter of them is not.
        let least = usize::from(!is_lowest && !self.is_screen && offered.rates.len() > 2);
        offered.steps().skip(least)
    }

    /// The bit/s of what fits the size at which it is drawn, whether or not it is sent at the moment.
    fn wanted(&self, ladder: &[Step]) -> u64 {
        let steps = self.fitting().into_iter().flat_map(Offered::steps).chain(ladder.last().copied());
        steps.map(|step| step.rate).max().unwrap_or(0)
    }

    /// What comes of it, where so many bit/s are left.
    fn choice(&self, (ladder, at): (&[Step], Option<usize>), left: u64) -> Choice {
        let target = at.map(|at| ladder[at].target);
        let shown = target.map(|target| target.layer);
        let whole = self.fitting();
        let fitting = whole.map(|offered| offered.layer);
        let is_top = at.is_some_and(|at| at + 1 == ladder.len());
        let is_missing = is_top && shown < fitting;
        // What is not sent now is only asked for if it would be taken.
        let more =
            |step: Step| step.rate.saturating_sub(at.map_or(0, |at| ladder[at].rate)).saturating_mul(TO_SPARE) / 100;
        let is_worth_asking =
            |offered: &&Offered| self.steps(offered, target.is_none()).next().is_some_and(|step| more(step) <= left);
        let is_above = |offered: &&Offered| shown.is_none_or(|shown| offered.layer > shown);
        let above = self.offered.iter().filter(|offered| Some(offered.layer) <= fitting).filter(is_above);
        // What is above one that is sent and does not fit does not either.
        let asked = above.take_while(|offered| !offered.is_sent).filter(is_worth_asking).last();
        let asked = asked.map(|offered| offered.layer);
        let least = || self.offered.first().map(|offered| offered.layer);
        let wanted = if fitting < shown { fitting } else { asked.or(shown).or_else(least) };
        // Nor could all be had of what fits if it were sent: then the publisher is not to blame.
        let is_too_much = whole.and_then(|offered| offered.steps().last()).is_some_and(|step| more(step) > left);
        let is_held_back = fitting.is_some() && (!is_top || (is_missing && is_too_much));
        Choice { slot: self.slot, target, wanted, is_held_back, is_missing: is_missing && !is_held_back }
    }
}

impl Offered {
    fn steps(&self) -> impl Iterator<Item = Step> {
        let (width, height) = self.size;
        let assumed = (u32::from(width) * u32::from(height)).saturating_mul(BITS_PER_PIXEL);
        let assumed = if self.layer == Layer::default() { assumed.min(ASSUMED) } else { assumed };
        let is_measured = self.rates.iter().any(|rate| *rate > 0);
        let rate = move |rate: u32| u64::from(if is_measured { rate } else { assumed });
        let layer = self.layer;
        self.rates
            .iter()
            .zip(0_u8..)
            .map(move |(bits, temporal)| Step { target: Target { layer, temporal }, rate: rate(*bits) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A camera in three encodings of two temporal layers each.
    fn camera(slot: usize, width: u16) -> Demand {
        let offered = [(0, 160, 100_000), (1, 320, 300_000), (2, 640, 1_000_000)].map(|(layer, width, rate)| Offered {
            layer: Layer::of_encoding(layer),
            size: (width, width / 4 * 3),
            rates: vec![rate / 2, rate],
            is_sent: true,
        });
        let height = width / 4 * 3;
        Demand { slot, is_screen: false, is_pinned: false, width, height, sends: None, offered: offered.into() }
    }

    fn targets(demands: &[Demand], budget: u64) -> Vec<Option<(u8, u8)>> {
        let choices = allocate(demands, budget).choices;
        choices.iter().map(|choice| choice.target.map(|target| (target.layer.encoding, target.temporal))).collect()
    }

    #[test]
    fn where_there_is_room_the_size_decides() {
        let demands = [camera(0, 640), camera(1, 320), camera(2, 100), camera(3, 350), camera(4, 2_000)];
        let layers = [(2, 1), (1, 1), (0, 1), (1, 1), (2, 1)].map(Some);
        assert_eq!(targets(&demands, u64::MAX), layers);
        assert!(allocate(&demands, u64::MAX).choices.iter().all(|choice| !choice.is_held_back));
    }

    #[test]
    fn where_there_is_little_all_get_something_and_the_largest_gets_more() {
        let demands = [camera(0, 100), camera(1, 640), camera(2, 100)];
        assert_eq!(targets(&demands, 170_000), [Some((0, 0)); 3]);
        assert_eq!(targets(&demands, 60_000), [None, Some((0, 0)), None]);
        assert_eq!(targets(&demands, 650_000), [Some((0, 1)), Some((1, 1)), Some((0, 1))]);
        assert_eq!(targets(&demands, 0), [None; 3]);
    }

    #[test]
    fn what_was_chosen_gets_all_before_others_get_more_than_the_least() {
        let pinned = Demand { is_pinned: true, ..camera(0, 320) };
        let others = [camera(1, 640), camera(2, 640)];
        let demands = [&[pinned][..], &others].concat();
        assert_eq!(targets(&demands, 450_000), [Some((1, 1)), Some((0, 0)), Some((0, 0))]);
        assert_eq!(targets(&demands, 60_000), [Some((0, 0)), None, None]);
        let screen = Demand { is_screen: true, ..camera(1, 640) };
        assert_eq!(targets(&[demands[0].clone(), screen], 60_000), [Some((0, 0)), None]);
    }

    #[test]
    fn temporal_layers_go_first_and_a_screen_before_cameras() {
        let screen = Demand { is_screen: true, ..camera(1, 640) };
        assert_eq!(targets(&[camera(0, 640), screen], 120_000), [Some((0, 0)), Some((0, 0))]);
        assert_eq!(targets(&[camera(0, 640)], 700_000), [Some((2, 0))]);
        assert_eq!(targets(&[camera(0, 640)], 200_000), [Some((1, 0))]);
    }

    #[test]
    fn what_is_sent_stays_where_as_much_would_not_be_taken_up_anew() {
        let budget = 1_050_000;
        assert_eq!(targets(&[camera(0, 640)], budget), [Some((2, 0))]);
        let sends = Some(Target { layer: Layer::of_encoding(2), temporal: 1 });
        assert_eq!(targets(&[Demand { sends, ..camera(0, 640) }], budget), [Some((2, 1))]);
    }

    #[test]
    fn an_encoding_that_is_paused_is_asked_for_and_another_shown_until_it_comes() {
        let mut demand = camera(0, 640);
        demand.offered[2].is_sent = false;
        let choice = allocate(&[demand.clone()], u64::MAX).choices[0];
        assert_eq!(
            (choice.target, choice.wanted),
            (Some(Target { layer: Layer::of_encoding(1), temporal: 1 }), Some(Layer::of_encoding(2)))
        );
        demand.offered.iter_mut().for_each(|offered| offered.is_sent = false);
        let choice = allocate(&[demand], u64::MAX).choices[0];
        assert_eq!(
            (choice.target, choice.wanted),
            (Some(Target { layer: Layer::of_encoding(2), temporal: 1 }), Some(Layer::of_encoding(2)))
        );
    }

    #[test]
    fn where_what_fits_the_size_would_be_too_much_what_is_between_is_asked_for() {
        let mut demand = camera(0, 640);
        demand.offered.iter_mut().skip(1).for_each(|offered| offered.is_sent = false);
        let choice = |budget: u64| allocate(std::slice::from_ref(&demand), budget).choices[0];
        assert_eq!(choice(400_000).wanted, Some(Layer::of_encoding(1)));
        assert_eq!(choice(2_000_000).wanted, Some(Layer::of_encoding(2)));
        assert_eq!(choice(120_000).wanted, Some(Layer::of_encoding(0)));
        assert!(choice(400_000).is_held_back && !choice(400_000).is_missing);
    }

    #[test]
    fn what_would_not_fit_is_not_asked_for_and_the_least_always_is() {
        let mut demand = camera(0, 640);
        demand.offered[2].is_sent = false;
        let choice = allocate(&[demand.clone()], 500_000).choices[0];
        assert_eq!(
            (choice.target.map(|target| target.layer), choice.wanted),
            (Some(Layer::of_encoding(1)), Some(Layer::of_encoding(1)))
        );
        assert!(choice.is_held_back && !choice.is_missing);
        demand.offered.iter_mut().zip([false, false, true]).for_each(|(offered, is_sent)| offered.is_sent = is_sent);
        let choice = allocate(&[demand.clone()], 200_000).choices[0];
        assert_eq!(choice.wanted, choice.target.map(|target| target.layer));
        assert!(choice.wanted < Some(Layer::of_encoding(2)), "{choice:?}");
        let choice = allocate(&[demand], 0).choices[0];
        assert_eq!((choice.target, choice.wanted), (None, Some(Layer::of_encoding(0))));
    }

    proptest! {
        #[test]
        fn no_more_is_promised_than_there_is(widths in prop::collection::vec(1_u16..2_000, 0..12), budget in 0_u64..5_000_000) {
            let demands: Vec<Demand> = widths.iter().enumerate().map(|(slot, width)| camera(slot, *width)).collect();
            let choices = allocate(&demands, budget).choices;
            let rate = |target: Target| demands[0].offered[target.layer.index()].rates[usize::from(target.temporal)];
            let sum: u64 = choices.iter().filter_map(|choice| choice.target).map(|target| u64::from(rate(target))).sum();
            prop_assert!(sum <= budget, "{} of {}", sum, budget);
            let shown = choices.iter().filter(|choice| choice.target.is_some()).count() as u64;
            prop_assert!(shown >= (budget / 60_000).min(demands.len() as u64), "{} with {}", shown, budget);
        }
    }
}
