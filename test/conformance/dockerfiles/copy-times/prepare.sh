mkdir folder && echo o >old.txt && echo i >folder/inner
touch -d 2001-02-03T04:05:06.789Z old.txt && touch -d 2002-01-01T00:00:00Z folder/inner folder
