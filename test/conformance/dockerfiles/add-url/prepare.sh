touch -d 2021-05-06T07:08:09Z served.txt
