//! Calendar arithmetic of `os.date` and `os.time`: broken-down times, their normalization, and
//! `strftime` in the C locale.

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A broken-down time, as C's `struct tm` but with the full year and months from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// The year of the Gregorian calendar; 0 is 1 BC.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub min: i64,
    /// 0 to 59.
    pub sec: i64,
    /// Days since Sunday.
    pub wday: i64,
    /// Days since January 1.
    pub yday: i64,
    /// How the clock stood.
    pub offset: Offset,
}

/// The difference of a zone's clock to UTC at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Seconds east of Greenwich.
    pub seconds: i64,
    /// Is daylight saving time in force?
    pub dst: bool,
    /// The zone's abbreviation, such as `CET`.
    pub name: String,
}

impl Offset {
    /// UTC, which C calls `GMT`.
    pub fn utc() -> Offset {
        Offset {
            seconds: 0,
            dst: false,
            name: "GMT".to_owned(),
        }
    }
}

/// The clock by which times are broken down.
pub trait Zone {
    /// The offset in force at `timestamp` (seconds since 1970 UTC).
    fn offset_at(&self, timestamp: i64) -> Offset;
}

/// Coordinated Universal Time.
#[derive(Clone, Copy, Debug)]
pub struct Utc;

impl Zone for Utc {
    fn offset_at(&self, _: i64) -> Offset {
        Offset::utc()
    }
}

/// The zone that the operating system is set to; UTC without the feature `os`.
#[derive(Clone, Copy, Debug)]
pub struct Local;

impl Zone for Local {
    #[cfg(feature = "os")]
    fn offset_at(&self, timestamp: i64) -> Offset {
        use jiff::{Timestamp, tz::TimeZone};
        let range = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
        let clamped = timestamp.clamp(*range.start(), *range.end());
        let Ok(time) = Timestamp::from_second(clamped) else {
            return Offset::utc();
        };
        let zone = TimeZone::system();
        let info = zone.to_offset_info(time);
        Offset {
            seconds: i64::from(info.offset().seconds()),
            dst: info.dst().is_dst(),
            name: info.abbreviation().to_owned(),
        }
    }

    #[cfg(not(feature = "os"))]
    fn offset_at(&self, _: i64) -> Offset {
        Offset::utc()
    }
}

/// Days since 1970-01-01 of a date whose month is in 1..=12; any day. (Hinnant, "chrono-compatible
/// low-level date algorithms", 2013.)
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day last.
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468 + day - 1
}

/// The date of a day since 1970-01-01: year, month from 1, day from 1.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl DateTime {
    /// Breaks `timestamp` (seconds since 1970 UTC) down by the clock of `zone`, or `None` if the
    /// year since 1900 does not fit C's `int`.
    pub fn from_timestamp(timestamp: i64, zone: &dyn Zone) -> Option<DateTime> {
        let offset = zone.offset_at(timestamp);
        let local = timestamp.checked_add(offset.seconds)?;
        let days = local.div_euclid(DAY);
        let seconds = local.rem_euclid(DAY);
        let (year, month, day) = civil_from_days(days);
        i32::try_from(year - 1900).ok()?;
        Some(DateTime {
            year,
            month,
            day,
            hour: seconds / 3600,
            min: seconds / 60 % 60,
            sec: seconds % 60,
            // 1970-01-01 was a Thursday.
            wday: (days + 4).rem_euclid(7),
            yday: days - days_from_civil(year, 1, 1),
            offset,
        })
    }

    /// The ISO 8601 year and week: the week belongs to the year of its Thursday.
    fn iso_week(&self) -> (i64, i64) {
        let weekday = (self.wday + 6) % 7;
        let thursday = days_from_civil(self.year, self.month, self.day) - weekday + 3;
        let (year, ..) = civil_from_days(thursday);
        (year, (thursday - days_from_civil(year, 1, 1)) / 7 + 1)
    }
}

/// The fields of `os.time`'s argument; each may be out of its usual range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The full year.
    pub year: i64,
    /// From 1.
    pub month: i64,
    /// From 1.
    pub day: i64,
    /// From 0.
    pub hour: i64,
    /// From 0.
    pub min: i64,
    /// From 0.
    pub sec: i64,
    /// Does the time count as daylight saving time? `None` leaves it to the zone.
    pub dst: Option<bool>,
}

/// The timestamp of `fields` on the clock of `zone`, as C's `mktime`; `None` if it, or its year,
/// is out of range.
pub fn timestamp(fields: &Fields, zone: &dyn Zone) -> Option<i64> {
    let months = fields.year.checked_mul(12)?.checked_add(fields.month - 1)?;
    let days = days_from_civil(months.div_euclid(12), months.rem_euclid(12) + 1, 1);
    let days = days.checked_add(fields.day - 1)?;
    let clock = fields.hour * 3600 + fields.min * 60 + fields.sec;
    let local = days.checked_mul(DAY)?.checked_add(clock)?;
    let time = local.checked_sub(offset_of_local(local, fields.dst, zone))?;
    DateTime::from_timestamp(time, zone)?;
    Some(time)
}

/// The offset to take off a local time.
fn offset_of_local(local: i64, dst: Option<bool>, zone: &dyn Zone) -> i64 {
    // Within a day of a transition two offsets are possible.
    let before = zone.offset_at(local.saturating_sub(DAY));
    let after = zone.offset_at(local.saturating_add(DAY));
    let valid = |offset: &Offset| zone.offset_at(local.saturating_sub(offset.seconds)) == *offset;
    if let Some(wanted) = dst {
        for candidate in [&before, &after] {
            if candidate.dst == wanted && valid(candidate) {
                return candidate.seconds;
            }
        }
        // The time is stated by the other clock of the year: take the nearest such offset.
        for weeks in 1..=60 {
            for distance in [-weeks * 7 * DAY, weeks * 7 * DAY] {
                let other = zone.offset_at(local.saturating_add(distance));
                if other.dst == wanted {
                    return other.seconds;
                }
            }
        }
        // A zone without the other clock: it would be an hour off.
        let standard = if valid(&before) { before.seconds } else { after.seconds };
        return if wanted { standard + 3600 } else { standard - 3600 };
    }
    if valid(&before) || !valid(&after) {
        before.seconds
    } else {
        after.seconds
    }
}

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// How many bytes of `conversion` (what follows a `%`) are a valid conversion specifier of C99.
pub fn specifier_length(conversion: &[u8]) -> Option<usize> {
    match conversion {
        [b'E', b'c' | b'C' | b'x' | b'X' | b'y' | b'Y', ..] => Some(2),
        [b'O', letter, ..] if b"deHImMSuUVwWy".contains(letter) => Some(2),
        [letter, ..] if b"aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%".contains(letter) => Some(1),
        _ => None,
    }
}

/// Appends what `%` and the valid `specifier` stand for.
///
/// # Panics
/// If [`specifier_length`] does not accept the specifier.
pub fn strftime(out: &mut Vec<u8>, specifier: &[u8], time: &DateTime) {
    use std::io::Write;
    // `E` and `O` change nothing in the C locale.
    let letter = *specifier.last().expect("a specifier has a letter");
    let hour12 = (time.hour + 11) % 12 + 1;
    let mut put = |text: std::fmt::Arguments<'_>| out.write_fmt(text).expect("a vector takes all bytes");
    let composite = |out: &mut Vec<u8>, parts: &str| {
        for (i, part) in parts.split('%').enumerate() {
            if i > 0 {
                strftime(out, &part.as_bytes()[..1], time);
            }
            out.extend_from_slice(&part.as_bytes()[usize::from(i > 0)..]);
        }
    };
    match letter {
        b'a' => put(format_args!("{}", &WEEKDAYS[time.wday as usize][..3])),
        b'A' => put(format_args!("{}", WEEKDAYS[time.wday as usize])),
        b'b' | b'h' => put(format_args!("{}", &MONTHS[time.month as usize - 1][..3])),
        b'B' => put(format_args!("{}", MONTHS[time.month as usize - 1])),
        b'c' => composite(out, "%a %b %e %H:%M:%S %Y"),
        b'C' => put(format_args!("{:02}", time.year.div_euclid(100))),
        b'd' => put(format_args!("{:02}", time.day)),
        b'D' | b'x' => composite(out, "%m/%d/%y"),
        b'e' => put(format_args!("{:2}", time.day)),
        b'F' => composite(out, "%Y-%m-%d"),
        b'g' => put(format_args!("{:02}", time.iso_week().0.rem_euclid(100))),
        b'G' => put(format_args!("{}", time.iso_week().0)),
        b'H' => put(format_args!("{:02}", time.hour)),
        b'I' => put(format_args!("{hour12:02}")),
        b'j' => put(format_args!("{:03}", time.yday + 1)),
        b'm' => put(format_args!("{:02}", time.month)),
        b'M' => put(format_args!("{:02}", time.min)),
        b'n' => out.push(b'\n'),
        b'p' => put(format_args!("{}", if time.hour < 12 { "AM" } else { "PM" })),
        b'r' => composite(out, "%I:%M:%S %p"),
        b'R' => composite(out, "%H:%M"),
        b'S' => put(format_args!("{:02}", time.sec)),
        b't' => out.push(b'\t'),
        b'T' | b'X' => composite(out, "%H:%M:%S"),
        b'u' => put(format_args!("{}", (time.wday + 6) % 7 + 1)),
        b'U' => put(format_args!("{:02}", (time.yday + 7 - time.wday) / 7)),
        b'V' => put(format_args!("{:02}", time.iso_week().1)),
        b'w' => put(format_args!("{}", time.wday)),
        b'W' => put(format_args!("{:02}", (time.yday + 7 - (time.wday + 6) % 7) / 7)),
        b'y' => put(format_args!("{:02}", time.year.rem_euclid(100))),
        b'Y' => put(format_args!("{}", time.year)),
        b'z' => {
            let minutes = time.offset.seconds.abs() / 60;
            let sign = if time.offset.seconds < 0 { '-' } else { '+' };
            put(format_args!("{sign}{:02}{:02}", minutes / 60, minutes % 60));
        }
        b'Z' => put(format_args!("{}", time.offset.name)),
        b'%' => out.push(b'%'),
        other => panic!("%{} is no conversion specifier", char::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(timestamp: i64, format: &str, zone: &dyn Zone) -> String {
        let time = DateTime::from_timestamp(timestamp, zone).expect("in range");
        let mut out = Vec::new();
        let mut rest = format.as_bytes();
        while let [byte, tail @ ..] = rest {
            rest = tail;
            if *byte == b'%' {
                let length = specifier_length(rest).expect("valid");
                strftime(&mut out, &rest[..length], &time);
                rest = &rest[length..];
            } else {
                out.push(*byte);
            }
        }
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn every_specifier() {
        // 2001-09-09 01:46:40 UTC, a Sunday.
        let t = 1_000_000_000;
        for (format, expected) in [
            ("%a %A %b %B %h", "Sun Sunday Sep September Sep"),
            ("%c", "Sun Sep  9 01:46:40 2001"),
            ("%C %d %D %e %F", "20 09 09/09/01  9 2001-09-09"),
            ("%g %G %V", "01 2001 36"),
            ("%H %I %j %m %M", "01 01 252 09 46"),
            ("%p %r %R %S %T", "AM 01:46:40 AM 01:46 40 01:46:40"),
            ("%u %U %w %W", "7 36 0 36"),
            ("%x %X %y %Y", "09/09/01 01:46:40 01 2001"),
            ("%z %Z %% %n%t", "+0000 GMT % \n\t"),
            (
                "%Ec %EC %Ex %EX %Ey %EY",
                "Sun Sep  9 01:46:40 2001 20 09/09/01 01:46:40 01 2001",
            ),
            ("%Od %Oe %OH %OI %Om %OM %OS", "09  9 01 01 09 46 40"),
            ("%Ou %OU %OV %Ow %OW %Oy", "7 36 36 0 36 01"),
        ] {
            assert_eq!(show(t, format, &Utc), expected, "{format}");
        }
        assert_eq!(show(0, "%c", &Utc), "Thu Jan  1 00:00:00 1970");
        assert_eq!(show(-1, "%F %T %p %I", &Utc), "1969-12-31 23:59:59 PM 11");
        for invalid in ["", "E", "Ez", "O", "OY", "k", "Q", "\u{e9}"] {
            assert_eq!(specifier_length(invalid.as_bytes()), None, "{invalid}");
        }
    }

    #[test]
    fn iso_weeks_cross_years() {
        for (date, expected) in [
            ((2005, 1, 1), "2004-53 04"),
            ((2007, 12, 31), "2008-01 08"),
            ((2008, 12, 28), "2008-52 08"),
            ((2010, 1, 3), "2009-53 09"),
        ] {
            let fields = Fields {
                year: date.0,
                month: date.1,
                day: date.2,
                hour: 12,
                min: 0,
                sec: 0,
                dst: None,
            };
            let t = timestamp(&fields, &Utc).expect("in range");
            assert_eq!(show(t, "%G-%V %g", &Utc), expected);
        }
    }

    #[test]
    fn days_round_trip() {
        for days in (-800_000..800_000)
            .step_by(137)
            .chain([-719_469, -719_468, 11_016, 11_017])
        {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
            assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        }
    }

    #[test]
    fn fields_are_normalized() {
        let time = |year, month, day, hour, min, sec| {
            timestamp(
                &Fields {
                    year,
                    month,
                    day,
                    hour,
                    min,
                    sec,
                    dst: None,
                },
                &Utc,
            )
        };
        assert_eq!(time(1970, 1, 1, 0, 0, 0), Some(0));
        assert_eq!(time(2000, 1, 1, 0, 0, -1), Some(946_684_799));
        assert_eq!(time(2000, 14, -3, 25, 61, 61), time(2001, 1, 29, 2, 2, 1));
        assert_eq!(time(2000, -11, 1, 0, 0, 0), time(1999, 1, 1, 0, 0, 0));
        assert_eq!(time(1 << 31, 1, 1, 0, 0, 0).map(|t| t > 0), Some(true));
        assert_eq!(time((1 << 31) + 1899, 12, 31, 23, 59, 59), Some(67_768_036_191_676_799));
        assert_eq!(time((1 << 31) + 1899, 12, 31, 23, 59, 60), None);
        assert!(DateTime::from_timestamp(1 << 60, &Utc).is_none());
        assert!(DateTime::from_timestamp(i64::MIN, &Utc).is_none());
    }

    /// Two hours ahead from day 100 to day 200 of 1970, else one.
    struct Summer;

    impl Zone for Summer {
        fn offset_at(&self, timestamp: i64) -> Offset {
            let dst = (100 * DAY..200 * DAY).contains(&timestamp);
            Offset {
                seconds: if dst { 7200 } else { 3600 },
                dst,
                name: if dst { "ST" } else { "WT" }.to_owned(),
            }
        }
    }

    #[test]
    fn zones_with_daylight_saving() {
        let at = |day: i64, hour, dst| {
            timestamp(
                &Fields {
                    year: 1970,
                    month: 1,
                    day: day + 1,
                    hour,
                    min: 0,
                    sec: 0,
                    dst,
                },
                &Summer,
            )
        };
        assert_eq!(at(10, 12, None), Some(10 * DAY + 11 * 3600));
        assert_eq!(at(150, 12, None), Some(150 * DAY + 10 * 3600));
        assert_eq!(at(150, 12, Some(false)), Some(150 * DAY + 11 * 3600));
        assert_eq!(at(10, 12, Some(true)), Some(10 * DAY + 10 * 3600));
        // 01:30 happens twice when the clock goes back at 02:00.
        assert_eq!(at(200, 1, Some(true)), Some(200 * DAY - 3600));
        assert_eq!(at(200, 1, Some(false)), Some(200 * DAY));
        assert_eq!(show(150 * DAY, "%H %Z %z", &Summer), "02 ST +0200");
        assert_eq!(show(10 * DAY, "%H %Z %z", &Summer), "01 WT +0100");
    }

    #[test]
    fn local_round_trips() {
        for t in [0, 1_000_000_000, 1_700_000_000, 1_720_000_000] {
            let time = DateTime::from_timestamp(t, &Local).expect("in range");
            let fields = Fields {
                year: time.year,
                month: time.month,
                day: time.day,
                hour: time.hour,
                min: time.min,
                sec: time.sec,
                dst: Some(time.offset.dst),
            };
            assert_eq!(timestamp(&fields, &Local), Some(t));
        }
    }
}
