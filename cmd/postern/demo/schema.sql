CREATE TABLE airlines (carrier VARCHAR PRIMARY KEY, name VARCHAR NOT NULL);
COMMENT ON TABLE airlines IS 'Airlines that flew from New York in 2013';
COMMENT ON COLUMN airlines.carrier IS 'Two-character carrier code';
COMMENT ON COLUMN airlines.name IS 'Name of the airline';

CREATE TABLE airports (airport VARCHAR PRIMARY KEY, name VARCHAR NOT NULL, latitude DOUBLE, longitude DOUBLE, altitude INTEGER, time_zone VARCHAR);
COMMENT ON TABLE airports IS 'Airports of the United States';
COMMENT ON COLUMN airports.airport IS 'FAA airport code';
COMMENT ON COLUMN airports.name IS 'Name of the airport';
COMMENT ON COLUMN airports.latitude IS 'Degrees north';
COMMENT ON COLUMN airports.longitude IS 'Degrees east';
COMMENT ON COLUMN airports.altitude IS 'Feet above sea level';
COMMENT ON COLUMN airports.time_zone IS 'IANA time zone';

CREATE TABLE planes (tail_number VARCHAR PRIMARY KEY, built SMALLINT, type VARCHAR, manufacturer VARCHAR, model VARCHAR, engines TINYINT, seats SMALLINT, engine VARCHAR);
COMMENT ON TABLE planes IS 'Planes with an FAA registration; about one flight in seven was by a plane that is not here';
COMMENT ON COLUMN planes.tail_number IS 'Registration painted on the tail';
COMMENT ON COLUMN planes.built IS 'Year of manufacture';
COMMENT ON COLUMN planes.type IS 'Kind of aircraft';
COMMENT ON COLUMN planes.manufacturer IS 'Manufacturer';
COMMENT ON COLUMN planes.model IS 'Model';
COMMENT ON COLUMN planes.engines IS 'Number of engines';
COMMENT ON COLUMN planes.seats IS 'Number of seats';
COMMENT ON COLUMN planes.engine IS 'Kind of engine';

CREATE TABLE flights (
	flight_id INTEGER PRIMARY KEY,
	departs TIMESTAMP NOT NULL,
	carrier VARCHAR NOT NULL REFERENCES airlines (carrier),
	flight_number SMALLINT NOT NULL,
	tail_number VARCHAR,
	origin VARCHAR NOT NULL REFERENCES airports (airport),
	destination VARCHAR NOT NULL REFERENCES airports (airport),
	departure_delay SMALLINT,
	arrival_delay SMALLINT,
	air_time SMALLINT,
	distance SMALLINT NOT NULL,
	cancelled BOOLEAN NOT NULL
);
COMMENT ON TABLE flights IS 'Every flight from a New York airport (EWR, JFK, LGA) in 2013';
COMMENT ON COLUMN flights.flight_id IS 'Number of the row, by departure';
COMMENT ON COLUMN flights.departs IS 'Scheduled departure, New York time';
COMMENT ON COLUMN flights.carrier IS 'Carrier code of the airline';
COMMENT ON COLUMN flights.flight_number IS 'Flight number';
COMMENT ON COLUMN flights.tail_number IS 'Plane that flew';
COMMENT ON COLUMN flights.origin IS 'Airport of departure';
COMMENT ON COLUMN flights.destination IS 'Airport of destination';
COMMENT ON COLUMN flights.departure_delay IS 'Minutes late at departure, negative when early; empty when cancelled';
COMMENT ON COLUMN flights.arrival_delay IS 'Minutes late at arrival, negative when early; empty when cancelled or diverted';
COMMENT ON COLUMN flights.air_time IS 'Minutes in the air';
COMMENT ON COLUMN flights.distance IS 'Miles between the airports';
COMMENT ON COLUMN flights.cancelled IS 'Whether the flight never left';

CREATE TABLE weather (
	airport VARCHAR NOT NULL REFERENCES airports (airport),
	hour TIMESTAMP NOT NULL,
	temperature DECIMAL(5,2), dew_point DECIMAL(5,2), humidity DECIMAL(5,2),
	wind_direction SMALLINT, wind_speed DECIMAL(7,2), wind_gust DECIMAL(7,2),
	precipitation DECIMAL(5,2), pressure DECIMAL(6,1), visibility DECIMAL(5,2),
	PRIMARY KEY (airport, hour)
);
COMMENT ON TABLE weather IS 'Hourly weather at the New York airports in 2013';
COMMENT ON COLUMN weather.airport IS 'Airport of the observation';
COMMENT ON COLUMN weather.hour IS 'Hour of the observation, UTC';
COMMENT ON COLUMN weather.temperature IS 'Degrees Fahrenheit';
COMMENT ON COLUMN weather.dew_point IS 'Degrees Fahrenheit';
COMMENT ON COLUMN weather.humidity IS 'Relative humidity, percent';
COMMENT ON COLUMN weather.wind_direction IS 'Degrees';
COMMENT ON COLUMN weather.wind_speed IS 'Miles per hour';
COMMENT ON COLUMN weather.wind_gust IS 'Miles per hour';
COMMENT ON COLUMN weather.precipitation IS 'Inches';
COMMENT ON COLUMN weather.pressure IS 'Millibars at sea level';
COMMENT ON COLUMN weather.visibility IS 'Miles';
