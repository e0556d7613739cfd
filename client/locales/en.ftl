# Hubbub in English. Sentence case, plain, short; errors say what happened and what to do.
hubbub = Hubbub
loading = Loading
retry = Try again
cancel = Cancel
close = Close
save = Save
saved = Saved
delete = Delete
copy = Copy
copied = Copied
copy-failed = The browser did not copy it. Select the text and copy it by hand.
back = Back
more = More
today = Today
yesterday = Yesterday
day-and-time = { $day }, { $time }
just-now = just now
minutes-ago = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
hours-ago = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
days-ago = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
skip-to-content = Skip to content

## Errors
error-offline = The server cannot be reached. Check your connection and try again.
error-unreadable = The server answered something this page does not understand. Reload the page.
error-not-found = There is nothing here
error-not-found-hint = It may have been deleted, or you may not be allowed to see it.
go-home = Go to Live
starting = Starting
no-server-yet = Hubbub cannot reach its server
reconnecting = Reconnecting. What you send will go out.

## Entry
sign-in = Sign in
sign-out = Sign out
username = User name
username-hint = Lower-case letters, digits, dots, dashes. This is how people find you.
display-name = Display name
display-name-hint = What others see. You can leave it empty.
password = Password
password-hint = At least { $count } characters. A few words you remember work well.
show-password = Show password
hide-password = Hide password
create-account = Create account
no-account = No account yet? You need an invite link from somebody who is here.
have-account = Already have an account?
setup-title = Set up Hubbub
setup-hint = This first account runs the place. You can invite everyone else in a minute.
setup-over = This Hubbub is already set up. Sign in instead.
step-account = Your account
step-server = Your server
step-invite = Invite people
step-of = Step { $step } of { $total }
name-server-title = Name your server
name-server-hint = A home for your group, with rooms to talk and channels to write. You can rename it later.
server-name = Server name
server-name-example = The kitchen table
create-server = Create server
invite-people-title = Invite people
invite-people-hint = Send this link to the people you want here. It works for { $count } people and for a week.
invite-link = Invite link
copy-link = Copy link
start-talking = Start talking
go-to-server = Go to my server
invite-title = You are invited
invite-to-server = { $inviter } invites you to { $server }
invite-to-instance = { $inviter } invites you to { $instance }
invite-members = { $count ->
    [one] { $count } member
   *[other] { $count } members
}
invite-online = { $count } online
invite-accept = Join { $server }
invite-signed-in-as = You are signed in as { $name }.
invite-dead = This invite no longer works
invite-dead-hint = It may have expired or been used up. Ask for a new one.
needs-setup-title = Nobody lives here yet
needs-setup-hint = Open the set-up link that the server printed when it started.

## Validation
field-empty = Please fill this in.
field-too-long = At most { $count } characters.
field-too-short = At least { $count } characters.
field-username = Lower-case letters, digits, “.”, “_” and “-” only, beginning with a letter or digit.
field-control = This holds characters that cannot be shown.

## Shell
live = Live
chats = Chats
servers = Servers
you = You
add-server = Add a server
rail-label = Servers
channels-label = Channels
members-label = Members
main-label = Content
show-channels = Show channels
show-members = Show members
hide-members = Hide members
open-switcher = Find people, channels, actions
unread = unread
server-menu = Server menu
server-settings = Server settings
invite-people = Invite people
leave-server = Leave server
leave-server-confirm = Leave { $server }? You need a new invite to come back.
delete-server = Delete server
delete-server-confirm = Delete { $server } with all its channels and messages? This cannot be undone.
settings = Settings

## Live
live-title = Live now
live-empty-title = It is quiet
live-empty-hint = Nobody is in a voice channel at the moment. Pick one and start talking; the others will see you here.
live-no-servers-title = You are not on a server yet
live-no-servers-hint = Make one for your group, or open an invite link that somebody sent you.
live-quiet-rooms = Quiet rooms
join = Join
joined = You are here
in-room = { $count ->
    [one] { $count } person
   *[other] { $count } people
}
in-room-of = { $count } of { $limit } people
and-more = and { $count } more
sharing-screen = { $name } shares a screen
chats-title = Chats
chats-empty = No channels yet.

## Channels
create-channel = Add a channel
create-channel-in = Add a channel to { $name }
channel-name = Channel name
channel-kind = Kind
kind-text = Text
kind-voice = Voice
kind-category = Category
kind-text-hint = Messages, links, code
kind-voice-hint = Talk, camera, screen
kind-category-hint = Groups channels
channel-empty-voice = Start talking
join-channel = Join { $name }
open-channel = { $name }, text channel
open-room = { $name }, voice channel
speaking = speaking
muted = muted
deafened = deafened
priority-speaker = priority speaker
camera-on = camera on
screen-on = shares a screen
no-channels = No channels here yet

## Chat
message-placeholder = Message { $channel }
send = Send
edit = Edit
edited = edited
edit-hint = Enter saves, Esc cancels
delete-message = Delete message
delete-message-confirm = Delete this message? This cannot be undone.
message-actions = Message actions
copy-text = Copy text
sending = Sending
send-failed = Not sent.
new-divider = New
jump-down = Jump to newest
jump-down-new = New messages
typing-one = { $name } is typing
typing-two = { $a } and { $b } are typing
typing-many = Several people are typing
chat-empty-title = This is the beginning of { $channel }
chat-empty-hint = Say hello.
history-failed = Older messages did not load.
messages-label = Messages in { $channel }
too-long = { $count } characters too long
code-copy = Copy code

## Voice
room-empty-title = Nobody is here yet
room-empty-hint = Start talking. Everyone on this server sees that you are here.
room-alone = You are the first one here.
leave-call = Leave
mute = Mute
unmute = Unmute
deafen = Deafen
undeafen = Undeafen
camera-start = Turn camera on
camera-stop = Turn camera off
screen-start = Share screen
screen-stop = Stop sharing
call-controls = Call controls
your-level = Your microphone level
devices = Devices
microphone = Microphone
speaker = Speaker
camera = Camera
default-device = System default
word-connecting = Connecting
word-good = Good
word-fair = Fair
word-unstable = Unstable
word-reconnecting = Reconnecting
reason-none = Nothing is wrong with the connection.
reason-connecting = The connection to the room is being made.
reason-no-way = The server answers, but voice does not get through. A firewall may block UDP to the server; another network may work.
reason-reconnecting = The connection was lost and is being made again. You stay in the room.
reason-loss-up = { $percent } % of what you send is lost.
reason-loss-down = { $percent } % of what you receive is lost.
reason-delay = A round trip takes { $ms } ms.
reason-jitter = Packets arrive unevenly, by { $ms } ms.
reason-narrow = Your network carries { $kilobits } kbit/s of pictures, so they are less sharp than they could be.
reason-crowded = The server has no more to give to pictures, so they are less sharp than they could be.
figure-delay = Round trip
figure-jitter = Jitter
figure-loss-up = Lost going out
figure-loss-down = Lost coming in
figure-sent = Sent
figure-received = Received
figure-available = Room for pictures
figure-freezes = Pictures stood still
limit-bandwidth = as your network allows
limit-uplink = as the server allows
limit-publisher = as it is sent
network = Network: { $word }
microphone-denied = The microphone is blocked, so you are listening only. Allow it in the address bar, then press unmute.
microphone-missing = No microphone was found, so you are listening only. Plug one in to be heard.
microphone-busy = The microphone did not start; another program may be using it. You are listening only.
camera-denied = The camera is blocked. Allow it in the address bar and try again.
camera-missing = No camera was found. Plug one in and try again.
camera-busy = The camera did not start; another program may be using it.
screen-failed = The screen could not be shared. Your system may not allow it for this browser.
insecure-origin = Voice needs a secure page. Open this server by its https address, or on localhost.
no-webrtc = This browser cannot make calls. A current Firefox, Chrome, Edge or Safari can.
call-refused = You could not join: { $reason }
call-broken = The call could not be made by this browser: { $reason }
call-replaced = You joined from another place, so this one left.
call-removed = You are no longer in this voice channel.
call-disconnected = A moderator has ended your call.
call-moved = You were moved to { $name }.
channel-full = The channel is full.
held-muted = A moderator has muted you on this server.
held-deafened = A moderator has deafened you on this server.
held-afk = Nobody speaks in this channel: it is for those who are away.
server-muted = muted by a moderator
server-deafened = deafened by a moderator
server-mute = Mute for everyone
server-unmute = Unmute for everyone
server-deafen = Deafen on this server
server-undeafen = Undeafen on this server
speak-with-priority = Speak with priority
priority-hint = While you talk, the others are played lower, and everyone hears you first.
move-to = Move to…
move-nowhere = There is no other voice channel.
disconnect = Disconnect
sound-blocked = The browser holds sound back until you press something.
sound-start = Hear the room
volume-of = Volume of { $name }
volume-percent = { $percent } %
focus-tile = Focus { $name }
unfocus-tile = Back to the grid
tile-menu = Options for { $name }
screen-of = Screen of { $name }
show-chat = Show chat
follow-speaker = Show who speaks in large
hide-chat = Hide chat
full-screen = Full screen
network-doing = Reconnecting to the room
joins-you = { $name } joined
leaves-you = { $name } left

## Members
online = Online
offline = Offline
online-count = Online, { $count }
offline-count = Offline, { $count }
owner = Owner

## Guild settings
overview = Overview
channels = Channels
invites = Invites
channel-move-earlier = Move { $name } up
channel-move-later = Move { $name } down
channel-drag = Drag { $name }, or move it with Alt and the arrow keys
channel-moved = { $name } moved
channel-rename = Rename { $name }
afk-channel = Channel for those who are away
afk-nowhere = None
afk-timeout = Away after
afk-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
afk-hint = Whoever neither speaks nor shows a picture for so long is moved there. Nobody speaks there.
channel-settings = Room settings of { $name }
user-limit = User limit
user-limit-hint = How many may sit here at once. Leave it empty for no limit.
user-limit-wrong = Give a number up to { $most }, or nothing.
bitrate-label = Sound quality
bitrate = { $kilobits } kbit/s
bitrate-music = { $kilobits } kbit/s, stereo for music
channel-delete = Delete { $name }
channel-delete-confirm = Delete { $name } with all its messages? This cannot be undone.
category-delete-confirm = Delete the category { $name }? Its channels move to the top level.
invite-uses = How many people
invite-age = Expires after
uses-unlimited = No limit
uses-one = One person
uses-many = { $count } people
age-hour = 1 hour
age-day = 1 day
age-week = 1 week
age-month = 30 days
age-never = Never
invite-make = Make a link
invite-made = Here is the link. It is shown only this once.
invite-list = Invites in use
invites-empty = No invites. Make one to let people in.
invite-by = by { $name }
invite-used = { $uses } of { $max } used
invite-used-unlimited = { $uses } used
invite-expires = expires { $when }
invite-never-expires = never expires
revoke = Revoke
revoke-invite = Revoke the invite by { $name }

## User settings
account = Account
appearance = Appearance
sounds = Sounds
sessions = Sessions
signed-in-as = Signed in as { $name }
admin = Runs this Hubbub
theme = Theme
theme-system = Like the system
theme-dark = Dark
theme-light = Light
theme-black = Black
device-hint = The level moves when your microphone hears you.
test-microphone = Test microphone
stop-test = Stop test
play-sound = Play a sound
sound-volume = Volume of sounds
sounds-enabled = Play sounds when people join, leave or write
announce-joins = Let screen readers say who joins and leaves my call
notifications = Notifications
notifications-ask = Allow notifications
notifications-on = Notifications are on for this browser.
notifications-blocked = Notifications are blocked for this page. Allow them in the address bar.
push-to-talk = Push to talk
push-to-talk-hint = The microphone is open only while you hold { $key }.
talk-key-choose = Choose another key
talk-key-press = Press a key, or Esc
keys-talk = Talk, while you hold it
key-left = Left { $key }
key-right = Right { $key }
noise-suppression = Reduce noise
echo-cancellation = Remove echo
auto-gain = Keep my loudness even
camera-codec = Camera codec
camera-codec-automatic = Automatic
camera-codec-hint = Newer codecs look better at the same bitrate and ask more of your computer. One that somebody in the room cannot show is not used.
sessions-hint = Places where you are signed in. Revoke what you do not know.
session-current = This one
session-used = used { $when }
session-revoke = Revoke { $device }
version = Hubbub { $version } on { $name }

## Switcher and keys
switcher-placeholder = Where to?
switcher-empty = Nothing fits. Try fewer letters.
switcher-server = Server
switcher-action = Action
keys-title = Keys
keys-open = Show this list
keys-switcher = Find anything
keys-escape = Go back, close
keys-up = Edit your last message
keys-mute = Mute
keys-deafen = Deafen
keys-camera = Camera
keys-screen = Share screen
keys-arrows = Move in lists
keys-read = Mark the server as read
in-a-call = in a call
notification-title = { $author } in { $channel }
heard-message = { $author }: { $words }
