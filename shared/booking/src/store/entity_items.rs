//! What a seller sets up, as items: one partition for each kind, the id as sort key.

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_booking_domain::{
    ids::{EventId, HallId, LocationId, OrganizerId, PriceTierId, SessionId},
    venue::{Event, Hall, Location, Organizer, PriceTier, Session},
};
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, item, number, text, uuid},
};
use uuid::Uuid;

use super::keys;

/// Something with an id, stored under the partition key `KIND`.
pub trait Entity: Sized {
    const KIND: &'static str;

    fn id(&self) -> Uuid;
    /// All attributes but the key.
    fn write(&self) -> Item;
    fn read(item: &Item) -> Result<Self, StoreError>;
}

const ID: &str = "id";
const NAME: &str = "name";
const DETAILS: &str = "details";
const CREATED: &str = "created";
const LOCATION: &str = "location";
const EVENT: &str = "event";
const SESSION: &str = "session";

macro_rules! named_entity {
    ($type:ident, $id:ident, $kind:literal $(, $parent:ident: $parent_id:ident = $attribute:expr)?) => {
        impl Entity for $type {
            const KIND: &'static str = $kind;

            fn id(&self) -> Uuid {
                self.id.uuid()
            }

            fn write(&self) -> Item {
                item([
                    (ID, Some(uuid(self.id.uuid()))),
                    (NAME, Some(text(&self.name))),
                    (DETAILS, Some(text(&self.details))),
                    (CREATED, Some(instant(self.created_at))),
                    $(
                        ($attribute, Some(uuid(self.$parent.uuid()))),
                        (keys::PARENT, Some(text(keys::children($kind, self.$parent.uuid())))),
                    )?
                ])
            }

            fn read(item: &Item) -> Result<Self, StoreError> {
                Ok(Self {
                    id: $id::new(item.uuid(ID)?),
                    name: item.text(NAME)?.to_owned(),
                    details: item.text(DETAILS)?.to_owned(),
                    created_at: item.instant(CREATED)?,
                    $($parent: $parent_id::new(item.uuid($attribute)?),)?
                })
            }
        }
    };
}

named_entity!(Organizer, OrganizerId, "organizers");
named_entity!(Location, LocationId, "locations");
named_entity!(Hall, HallId, "halls", location: LocationId = LOCATION);

impl Entity for Event {
    const KIND: &'static str = "events";

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn write(&self) -> Item {
        item([
            (ID, Some(uuid(self.id.uuid()))),
            ("title", Some(text(&self.title))),
            ("description", Some(text(&self.description))),
            ("type", Some(text(&self.event_type))),
            ("organizer", Some(uuid(self.organizer.uuid()))),
            (CREATED, Some(instant(self.created_at))),
        ])
    }

    fn read(item: &Item) -> Result<Self, StoreError> {
        Ok(Self {
            id: EventId::new(item.uuid(ID)?),
            title: item.text("title")?.to_owned(),
            description: item.text("description")?.to_owned(),
            event_type: item.text("type")?.to_owned(),
            organizer: OrganizerId::new(item.uuid("organizer")?),
            created_at: item.instant(CREATED)?,
        })
    }
}

impl Entity for Session {
    const KIND: &'static str = "sessions";

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn write(&self) -> Item {
        item([
            (ID, Some(uuid(self.id.uuid()))),
            (EVENT, Some(uuid(self.event.uuid()))),
            (keys::PARENT, Some(text(keys::children(Self::KIND, self.event.uuid())))),
            ("hall", Some(uuid(self.hall.uuid()))),
            ("start", Some(instant(self.start_time))),
            ("end", Some(instant(self.end_time))),
            ("price", Some(number(self.base_price))),
            ("seats", Some(number(self.seats_count))),
            ("opens", Some(instant(self.sales_start))),
            ("closes", Some(instant(self.sales_end))),
            ("room", self.waiting_room.then_some(AttributeValue::Bool(true))),
            (CREATED, Some(instant(self.created_at))),
        ])
    }

    fn read(item: &Item) -> Result<Self, StoreError> {
        Ok(Self {
            id: SessionId::new(item.uuid(ID)?),
            event: EventId::new(item.uuid(EVENT)?),
            hall: HallId::new(item.uuid("hall")?),
            start_time: item.instant("start")?,
            end_time: item.instant("end")?,
            base_price: item.number("price")?,
            seats_count: item.number("seats")?,
            sales_start: item.instant("opens")?,
            sales_end: item.instant("closes")?,
            waiting_room: item.contains_key("room"),
            created_at: item.instant(CREATED)?,
        })
    }
}

impl Entity for PriceTier {
    const KIND: &'static str = "price-tiers";

    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn write(&self) -> Item {
        item([
            (ID, Some(uuid(self.id.uuid()))),
            (SESSION, self.session.map(|session| uuid(session.uuid()))),
            (NAME, Some(text(&self.name))),
            ("multiplier", Some(number(self.multiplier))),
            ("description", Some(text(&self.description))),
            (CREATED, Some(instant(self.created_at))),
        ])
    }

    fn read(item: &Item) -> Result<Self, StoreError> {
        Ok(Self {
            id: PriceTierId::new(item.uuid(ID)?),
            session: item.optional_uuid(SESSION).map(SessionId::new),
            name: item.text(NAME)?.to_owned(),
            multiplier: item.number("multiplier")?,
            description: item.text("description")?.to_owned(),
            created_at: item.instant(CREATED)?,
        })
    }
}
