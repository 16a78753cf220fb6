package lexicon

// looseText has the words that often stand for one another in schemas and in
// questions, a group a line. They are no synonyms in a dictionary's sense: a
// reading by one is taken only where the word itself names nothing nearer.
const looseText = `gender sex
nationality citizenship country
country nation homeland
price cost fee
fee charge
cost amount
phone telephone cellphone mobile
location place venue site
location address
salary wage pay earning income compensation
revenue sale turnover
sale sold
profit earning gain
surname lastname
birthdate birthday dob
employee staff worker personnel
staff crew
title name
identifier id code
picture photo image
film movie
occupation job profession career
job position role post
kind type sort
type category class
category genre group
genre style
capacity size seat
teacher instructor tutor
instructor teacher trainer
lecturer professor instructor
faculty professor lecturer
customer client buyer consumer shopper
guest visitor customer
visitor tourist
company firm business corporation enterprise
company manufacturer maker producer
manufacturer maker brand
organization organisation institution agency
city town municipality
homepage website url site
rating score grade
score point mark result
point goal
duration length runtime millisecond minute second
length millisecond
movie cinema theater
cinema theater theatre
distance length
purchase order transaction
physician doctor
author writer novelist
artist musician singer performer
singer vocalist performer
actor performer star
car vehicle automobile
college university school institution
school university
course subject lesson
class course
mail email
quantity amount number
money amount
area region zone
spouse partner
street road
state province
county district
zip postal postcode
start begin from
end finish to
open opening
close closing
store shop outlet
branch office outlet
airplane plane aircraft jet
pupil student learner
description detail text
detail information
population inhabitant resident
people person individual human
people population
club society association
team squad side
goal aim objective
product item good goods merchandise
item article
book title publication
publication book
paper article publication
song track tune
album record
magazine journal
game match
match fixture
competition contest tournament
tournament championship
event competition
race contest
player athlete sportsman participant
participant competitor contestant
member participant
award prize honor
house home property building
apartment flat
building facility
stadium arena venue
manager boss supervisor head
head leader chief
president chairman
owner proprietor holder
supplier vendor seller
driver pilot
airline carrier
airport airfield
trip journey travel
flight trip
ship vessel boat
captain commander
bill invoice
payment transaction
account membership
document file paper
medication drug medicine
treatment procedure therapy
illness disease condition
appointment visit
engineer technician
scientist researcher
division department unit
department section
language tongue
rank ranking position
year season
time hour
time date
date day
comment review note remark
review rating
content text body
website domain
station stop
route line
weather climate
height stature
weight mass
age old
election vote
vote ballot
representative delegate
nominee candidate
candidate applicant
child kid
dorm dormitory
amenity facility
museum gallery
exhibition exhibit show
show program programme
show performance concert
concert performance
channel network
episode show
theme topic subject
contract agreement
hotel inn
reservation booking
booking rental
restaurant diner
dish meal food
winery vineyard
mountain peak
medal prize
injury wounded injured hurt
death casualty killed dead fatality
damage loss
mission operation
engine motor
make maker
headquarter office base
origin source country
destination target
founder creator
investor backer
industry sector
stock inventory
discount reduction
balance amount
loan credit
claim request
policy insurance
status state condition
feature attribute property
attribute property
characteristic feature trait property
color colour shade
wing side
floor level storey story
platform track
passenger rider traveler
hometown birthplace
birthplace origin
background history
degree diploma
major subject
enrollment student size
attendance attendee audience spectator
crowd attendance
popularity rating
grade level
shape form
material substance
`
