from django.db import models


class City(models.Model):
    name = models.CharField(max_length=50)


class Writer(models.Model):
    name = models.CharField(max_length=50)
    city = models.ForeignKey(City, models.CASCADE, related_name="writers")


class Book(models.Model):
    title = models.CharField(max_length=50)
    writer = models.ForeignKey(Writer, models.CASCADE, related_name="books")

    class Meta:
        ordering = ["pk"]
